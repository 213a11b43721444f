//! What each instruction demands of a change of places, and what it makes of the values it takes.

use std::iter::once;

use super::flow::{Context, Flow, Frame, Position};
use super::values::{Asymmetry, Values};
use crate::program::{
    Addr, ArithmeticError, Instr, ObjectId, ObjectKind, Operand, Place, Target, ThreadId, Threads, binary,
};

impl Frame {
    fn pop(&mut self) -> Values {
        self.stack.pop().expect("the verifier knows every height")
    }

    fn push(&mut self, values: Values) {
        self.stack.push(values);
    }
}

impl Flow<'_> {
    /// Takes the step of a thread that is somewhere, and adds what it holds where it goes on.
    pub(super) fn execute(&mut self, context: &Context, mut frame: Frame) -> Result<(), Asymmetry> {
        let at = match context.at {
            Position::NotStarted => {
                let entry = self.program.groups[context.group.index()].body.entry;
                return self.go(context, Position::At(entry), frame);
            }
            Position::Finished => return Ok(()),
            Position::At(at) => at,
        };
        let behind = Position::At(Addr(at.0 + 1));
        match self.program.instr(at) {
            Instr::Jmp(target) => self.go(context, Position::At(target), frame),
            Instr::Jz(target) | Instr::Jnz(target) => {
                frame.pop().keep(|value| value == 0)?;
                self.go(context, Position::At(target), frame.clone())?;
                self.go(context, behind, frame)
            }
            Instr::Call(proc) => {
                let calls = context.calls.iter().copied().chain(once(at)).collect();
                let entry = self.program.procs[proc.index()].body.entry;
                self.arrive(Context { calls, at: Position::At(entry), ..*context }, frame)
            }
            Instr::Ret | Instr::End => match context.calls.split_last() {
                Some((&call, calls)) => {
                    let back = Position::At(Addr(call.0 + 1));
                    self.arrive(Context { calls: calls.to_vec(), at: back, ..*context }, frame)
                }
                None => self.finish(context, frame),
            },
            Instr::Halt => self.finish(context, frame),
            instr => {
                self.compute(context, at, instr, &mut frame)?;
                self.go(context, behind, frame)
            }
        }
    }

    fn go(&mut self, context: &Context, at: Position, frame: Frame) -> Result<(), Asymmetry> {
        self.arrive(Context { at, ..context.clone() }, frame)
    }

    /// Of a thread that has finished its locals stay.
    fn finish(&mut self, context: &Context, frame: Frame) -> Result<(), Asymmetry> {
        let finished = Context { at: Position::Finished, calls: Vec::new(), ..*context };
        self.arrive(finished, Frame { stack: Vec::new(), ..frame })
    }

    fn compute(
        &mut self,
        context: &Context,
        at: Addr,
        instr: Instr,
        frame: &mut Frame,
    ) -> Result<(), Asymmetry> {
        match instr {
            Instr::Push(number) => frame.push(Values::fixed([number])),
            Instr::Pop => drop(frame.pop()),
            Instr::Dup => frame.push(frame.stack[frame.stack.len() - 1].clone()),
            Instr::Over => frame.push(frame.stack[frame.stack.len() - 2].clone()),
            Instr::Swap => {
                let top = frame.stack.len() - 1;
                frame.stack.swap(top, top - 1);
            }
            Instr::Neg => {
                let negated = |value: i64| value.checked_neg().ok_or(ArithmeticError::Overflow);
                let values = frame.pop().convert(negated)?;
                frame.push(values);
            }
            Instr::Not => {
                let values = frame.pop().convert(|value| Ok(i64::from(value == 0)))?;
                frame.push(values);
            }
            Instr::SelfIndex => frame.push(self.numbers(context)),
            Instr::Choose(range) => frame.push(self.candidate.chosen(at, range)),
            Instr::Assert(_) | Instr::Assume => frame.pop().keep(|value| value == 0)?,
            Instr::Print => {
                let values = frame.pop();
                self.output.join(&values)?;
            }
            Instr::Load(place) | Instr::Store(place) => self.access(context, instr, place, frame)?,
            Instr::Cas(place) | Instr::Xadd(place) | Instr::Xchg(place) => {
                self.access(context, instr, place, frame)?;
            }
            Instr::Start(threads) | Instr::Join(threads) => self.name_threads(threads, frame)?,
            _ => match instr.operand() {
                Operand::Target(target) => self.use_object(instr, target, frame)?,
                _ => self.compute_two(instr, frame)?,
            },
        }
        Ok(())
    }

    /// Computes a binary instruction; what is left does nothing to values.
    fn compute_two(&self, instr: Instr, frame: &mut Frame) -> Result<(), Asymmetry> {
        if binary(instr, 0, 1).is_none() {
            return Ok(());
        }
        let (b, a) = (frame.pop(), frame.pop());
        let operation = |a, b| binary(instr, a, b).expect("the instruction is binary");
        frame.push(Values::combine(&a, &b, operation)?);
        Ok(())
    }

    /// What `SELF` gives: the number of each copy becomes that of the copy that takes its place.
    fn numbers(&self, context: &Context) -> Values {
        let group = &self.program.groups[context.group.index()];
        let number_of = |thread: ThreadId| i64::from(thread.0 - group.first.0);
        let copies = (group.first.0..group.first.0 + group.copies).map(ThreadId);
        let pairs: Vec<(i64, i64)> =
            copies.map(|thread| (number_of(thread), number_of(self.thread(thread)))).collect();
        if pairs.iter().all(|(number, becomes)| number == becomes) {
            return Values::below(group.copies);
        }
        Values::Listed(pairs.into_iter().collect())
    }

    /// Reads or writes a variable.
    fn access(
        &mut self,
        context: &Context,
        instr: Instr,
        place: Place,
        frame: &mut Frame,
    ) -> Result<(), Asymmetry> {
        let (variable, own) = match place {
            Place::Memory(cell) | Place::MemoryAt { base: cell, .. } => {
                (self.variable_of[cell as usize], None)
            }
            Place::Local(cell) | Place::LocalAt { base: cell, .. } => {
                let own = self.own_place(context.group, cell);
                (self.own[context.group.index()][own], Some(own))
            }
        };
        match place {
            Place::MemoryAt { len, .. } | Place::LocalAt { len, .. } => {
                let index = frame.pop();
                self.spread |= use_index(&mut self.indices[variable], &index, len)?;
            }
            Place::Memory(cell) | Place::Local(cell) => {
                let element = i64::from(cell - self.program.variables[variable].base);
                self.spread |= self.indices[variable].add(element, element)?;
            }
        }
        let held = match own {
            Some(own) => frame.locals[own].clone(),
            None => self.memory[variable].clone(),
        };
        let written = match instr {
            Instr::Load(_) => {
                frame.push(held);
                return Ok(());
            }
            Instr::Store(_) => frame.pop(),
            Instr::Cas(_) => {
                let (new, expected) = (frame.pop(), frame.pop());
                let equal = Values::combine(&held, &expected, |a, b| Ok(i64::from(a == b)))?;
                equal.keep(|value| value == 0)?;
                frame.push(Values::fixed([0, 1]));
                new
            }
            Instr::Xadd(_) => {
                let added = frame.pop();
                let sum = |a: i64, b: i64| a.checked_add(b).ok_or(ArithmeticError::Overflow);
                let written = Values::combine(&held, &added, sum)?;
                frame.push(held);
                written
            }
            Instr::Xchg(_) => {
                let new = frame.pop();
                frame.push(held);
                new
            }
            _ => unreachable!("the instructions that access variables"),
        };
        match own {
            // A scalar holds what was written last, unless the instruction may leave it as it is.
            Some(own) if !self.program.variables[variable].is_array && !matches!(instr, Instr::Cas(_)) => {
                frame.locals[own] = written;
            }
            Some(own) => drop(frame.locals[own].join(&written)?),
            None => self.spread |= self.memory[variable].join(&written)?,
        }
        Ok(())
    }

    /// Starts or joins threads: those named must be the ones that take the places of those named.
    fn name_threads(&self, threads: Threads, frame: &mut Frame) -> Result<(), Asymmetry> {
        let group = match threads {
            Threads::All(_) => return Ok(()),
            Threads::Copy(group, _) | Threads::At(group) => &self.program.groups[group.index()],
        };
        let named = match threads {
            Threads::Copy(_, copy) => Values::fixed([i64::from(copy)]),
            _ => frame.pop(),
        };
        let becomes = |copy: u32| i64::from(self.thread(ThreadId(group.first.0 + copy)).0 - group.first.0);
        let in_range = |value: i64| u32::try_from(value).ok().filter(|&copy| copy < group.copies);
        let fits = match &named {
            Values::Any => (0..group.copies).all(|copy| becomes(copy) == i64::from(copy)),
            Values::Listed(pairs) => pairs.iter().all(|(&value, &image)| match in_range(value) {
                Some(copy) => becomes(copy) == image,
                None => in_range(image).is_none(),
            }),
        };
        if fits { Ok(()) } else { Err(Asymmetry) }
    }

    fn use_object(&mut self, instr: Instr, target: Target, frame: &mut Frame) -> Result<(), Asymmetry> {
        let (Target::One(object) | Target::At { base: object, .. }) = target;
        let group = self.program.objects[object.index()].group.index();
        match target {
            Target::At { len, .. } => {
                let index = frame.pop();
                self.spread |= use_index(&mut self.object_indices[group], &index, len)?;
            }
            Target::One(ObjectId(id)) => {
                let element = i64::from(id - self.program.object_groups[group].base.0);
                self.spread |= self.object_indices[group].add(element, element)?;
            }
        }
        let flag = || Values::fixed([0, 1]);
        match instr {
            Instr::Put(_) | Instr::TryPut(_) => {
                let values = frame.pop();
                self.spread |= self.queues[group].join(&values)?;
                if matches!(instr, Instr::TryPut(_)) {
                    frame.push(flag());
                }
            }
            Instr::Get(_) => frame.push(self.queues[group].clone()),
            Instr::TryGet(_) => {
                let mut values = self.queues[group].clone();
                values.add(0, 0)?;
                frame.push(values);
                frame.push(flag());
            }
            Instr::Len(_) => {
                let ObjectKind::Queue { max } = self.program.objects[object.index()].kind else {
                    unreachable!("the verifier knows every object's kind")
                };
                frame.push(Values::below(max.saturating_add(1)));
            }
            Instr::TryLock(_) | Instr::TryAcquire(_) | Instr::IsSet(_) => frame.push(flag()),
            _ => {}
        }
        Ok(())
    }
}

/// Notes what an index becomes; one that is in range must become one that is.
fn use_index(indices: &mut Values, index: &Values, len: u32) -> Result<bool, Asymmetry> {
    let in_range = |value: i64| (0..i64::from(len)).contains(&value);
    index.keep(in_range)?;
    match index {
        Values::Any => indices.join(index),
        Values::Listed(pairs) => {
            let used = pairs.iter().filter(|(value, _)| in_range(**value));
            indices.join(&Values::Listed(used.map(|(&value, &becomes)| (value, becomes)).collect()))
        }
    }
}
