//! The hash that marks a schedule with the program it was made for.
//!
//! It covers what is executed: declarations, threads, procs and code. Comments, layout, names of labels,
//! models, observed variables and expectations may change without making a schedule unfit. FNV-1a of 64 bits
//! is no protection against malice, and is not meant to be: it catches the schedule of yesterday's file.

use crate::program::{Instr, ObjectKind, Operand, Place, Program, Target, Threads, VarKind};

const OFFSET_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

/// Returns the hash of what is executed of a program; schedules show its first four hex digits.
pub fn program_hash(program: &Program) -> u64 {
    let mut hash = Fnv(OFFSET_BASIS);
    hash.variables(program);
    hash.objects(program);
    hash.bodies(program);
    for (instr, place) in program.code.iter().zip(&program.places) {
        hash.instr(program, *instr);
        hash.optional(place.block.map(|block| u64::from(block.0)));
    }
    for block in &program.blocks {
        hash.optional(block.map(|parent| u64::from(parent.0)));
    }
    hash.0
}

struct Fnv(u64);

impl Fnv {
    fn bytes(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(PRIME);
        }
    }

    fn number(&mut self, number: u64) {
        self.bytes(&number.to_le_bytes());
    }

    fn signed(&mut self, number: i64) {
        self.bytes(&number.to_le_bytes());
    }

    fn optional(&mut self, number: Option<u64>) {
        self.number(u64::from(number.is_some()));
        self.number(number.unwrap_or(0));
    }

    /// The length in front keeps neighbouring texts apart.
    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.bytes(text.as_bytes());
    }

    fn variables(&mut self, program: &Program) {
        self.number(program.variables.len() as u64);
        for variable in &program.variables {
            self.text(&variable.name);
            match variable.kind {
                VarKind::Shared => self.text("shared"),
                VarKind::Atomic => self.text("atomic"),
                VarKind::ThreadLocal => self.text("local"),
                VarKind::Own(group) => self.text(&program.groups[group.index()].name),
            }
            self.number(u64::from(variable.is_array));
            self.number(u64::from(variable.base));
            self.number(u64::from(variable.len));
            for &value in &variable.init {
                self.signed(value);
            }
        }
    }

    fn objects(&mut self, program: &Program) {
        self.number(program.object_groups.len() as u64);
        for group in &program.object_groups {
            self.text(&group.name);
            self.number(u64::from(group.is_array));
            self.number(u64::from(group.len));
        }
        for object in &program.objects {
            self.text(object.kind.sort().keyword());
            match object.kind {
                ObjectKind::Mutex | ObjectKind::Rlock | ObjectKind::Rwlock => {}
                ObjectKind::Semaphore { initial, max } => {
                    self.signed(initial);
                    self.optional(max.map(|max| max as u64));
                }
                ObjectKind::Condition { lock } => self.number(u64::from(lock.0)),
                ObjectKind::Event { set } => self.number(u64::from(set)),
                ObjectKind::Barrier { parties } => self.number(u64::from(parties)),
                ObjectKind::Queue { max } => self.number(u64::from(max)),
            }
        }
    }

    fn bodies(&mut self, program: &Program) {
        self.number(program.groups.len() as u64);
        for group in &program.groups {
            self.text(&group.name);
            self.number(u64::from(group.is_array));
            self.number(u64::from(group.copies));
            self.number(u64::from(group.deferred));
            self.number(u64::from(group.body.entry.0));
        }
        self.number(program.procs.len() as u64);
        for proc in &program.procs {
            self.text(&proc.name);
            self.number(u64::from(proc.body.entry.0));
        }
    }

    fn instr(&mut self, program: &Program, instr: Instr) {
        self.text(instr.op().map_or("end", |op| op.spec().mnemonic));
        match instr.operand() {
            Operand::Nothing | Operand::Text(None) => {}
            Operand::Number(number) => self.signed(number),
            Operand::Place(place) => self.place(place),
            Operand::Addr(addr) => self.number(u64::from(addr.0)),
            Operand::ProcId(proc) => self.number(u64::from(proc.0)),
            Operand::Target(Target::One(object)) => self.operand("one", object.0, 1),
            Operand::Target(Target::At { base, len }) => self.operand("at", base.0, len),
            Operand::Threads(Threads::All(group)) => self.operand("all", group.0, 0),
            Operand::Threads(Threads::Copy(group, copy)) => self.operand("copy", group.0, copy),
            Operand::Threads(Threads::At(group)) => self.operand("at", group.0, 0),
            Operand::Range(range) => {
                self.signed(range.low);
                self.signed(range.high);
            }
            Operand::Text(Some(text)) => self.text(&program.texts[text.index()]),
        }
    }

    fn place(&mut self, place: Place) {
        match place {
            Place::Memory(cell) => self.operand("memory", cell, 1),
            Place::MemoryAt { base, len } => self.operand("memory[]", base, len),
            Place::Local(cell) => self.operand("local", cell, 1),
            Place::LocalAt { base, len } => self.operand("local[]", base, len),
        }
    }

    fn operand(&mut self, form: &str, first: u32, second: u32) {
        self.text(form);
        self.number(u64::from(first));
        self.number(u64::from(second));
    }
}
