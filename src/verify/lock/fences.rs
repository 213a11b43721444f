//! Which FENCEs repair a lock that is right under `sc` and wrong with store buffers.
//!
//! A failing execution is prevented by a FENCE exactly where its thread passes with something in its buffers:
//! everywhere else the FENCE lets it through, and the execution is possible with it as without. So whatever
//! set of FENCEs repairs the lock has one at such a place of *every* failing execution, and the search is for
//! hitting sets: of the sets that hit every failing execution known so far, the smallest are tried; one that
//! fails shows an execution that it does not hit. When all sets of a size have been tried, those that did
//! repair the lock are all the smallest there are, because each smaller one misses a failing execution
//! (implicit hitting sets: Chandrasekaran, Karp, Moreno-Centeno and Vempala, SODA 2011; for fences Meshman,
//! Dan, Vechev and Yahav, "Synthesis of memory fences via refinement propagation", SAS 2014, use the like).
//!
//! To know which places an execution passes, the lock is given a NOP at each of them, which is replaced by the
//! FENCE that is tried. A livelock or deadlock is no matter of one execution, but the way to it is: where no
//! FENCE stops that way, the same state is reached, and FENCEs only take possibilities away from there.

use std::collections::{BTreeMap, BTreeSet};

use super::judge::failures;
use super::places::{insert, places};
use super::prepared::Prepared;
use super::refused::Refused;
use super::result::{Failure, ModelReport};
use crate::asm::Loader;
use crate::check::{Cut, Monitor};
use crate::program::{Addr, Instr, MemoryModel, Program};
use crate::schedule::Schedule;
use crate::vm::Actor;

/// What repairs a lock.
#[derive(Clone, PartialEq, Debug)]
pub struct Repair {
    /// Under these memory models together.
    pub memories: Vec<MemoryModel>,
    /// What was found.
    pub remedy: Remedy,
    /// How many sets of FENCEs were tried against all clients.
    pub tried: u64,
}

/// What repairs a lock, if anything.
#[derive(Clone, PartialEq, Debug)]
pub enum Remedy {
    /// Every smallest set of FENCEs that repairs it, each the lines that they stand behind; and the lock's text
    /// with the first of them.
    Fences {
        /// The sets.
        sets: Vec<Vec<u32>>,
        /// The repaired text.
        text: String,
    },
    /// An execution fails in which no FENCE in the lock would stop anybody.
    None(Box<Failure>),
    /// A limit cut the search.
    Cut(Cut),
}

/// A set of places, by their numbers.
type Set = BTreeSet<usize>;

/// How trying a set of FENCEs went.
#[derive(Clone)]
enum Trial {
    Right,
    /// The places that failing executions pass with something in a buffer, and one of the failures.
    Wrong(Vec<Set>, Box<Failure>),
    Cut(Cut),
}

struct Synthesis<'a> {
    prepared: &'a Prepared,
    loader: &'a dyn Loader,
    /// The lines that FENCEs could stand behind.
    places: Vec<u32>,
    /// Every set of places that a repair must hit.
    must_hit: Vec<Set>,
    right: BTreeSet<(Vec<usize>, MemoryModel)>,
    /// The order in which clients are tried: those that showed a failure last come first.
    order: Vec<usize>,
    tried: u64,
}

/// Finds what repairs a lock under each weak memory model that breaks it, and under all of them together. Asks
/// nothing of a lock that is wrong under `sc` already.
pub(super) fn repair_all(
    prepared: &Prepared,
    models: &mut [ModelReport],
    loader: &dyn Loader,
    monitor: &mut dyn Monitor,
) -> Result<Option<Repair>, Refused> {
    let weak: Vec<MemoryModel> =
        models.iter().map(|model| model.memory).filter(|&memory| memory != MemoryModel::Sc).collect();
    let is_broken =
        |model: &&mut ModelReport| model.memory != MemoryModel::Sc && model.failures().count() > 0;
    if models.iter_mut().find(is_broken).is_none() {
        return Ok(None);
    }
    let mut synthesis = Synthesis::new(prepared, loader)?;
    match synthesis.try_set(&Set::new(), MemoryModel::Sc, monitor)? {
        Trial::Right => {}
        Trial::Wrong(..) | Trial::Cut(_) => return Ok(None),
    }
    for model in models.iter_mut().filter(|model| model.memory != MemoryModel::Sc) {
        if model.failures().count() > 0 {
            // What breaks one model need not break another.
            synthesis.must_hit.clear();
            model.fences = Some(synthesis.repair(&[model.memory], monitor)?);
        }
    }
    synthesis.must_hit.clear();
    Ok(Some(synthesis.repair(&weak, monitor)?))
}

impl<'a> Synthesis<'a> {
    fn new(prepared: &'a Prepared, loader: &'a dyn Loader) -> Result<Synthesis<'a>, Refused> {
        let lines = prepared.text().trim_end().lines().count() as u32;
        let (_, program) = prepared.clients.first().expect("a lock has at least one client");
        Ok(Synthesis {
            prepared,
            loader,
            places: places(program, lines),
            must_hit: Vec::new(),
            right: BTreeSet::new(),
            order: (0..prepared.clients.len()).collect(),
            tried: 0,
        })
    }

    fn repair(&mut self, memories: &[MemoryModel], monitor: &mut dyn Monitor) -> Result<Repair, Refused> {
        self.tried = 0;
        let remedy = self.search(memories, monitor)?;
        Ok(Repair { memories: memories.to_vec(), remedy, tried: self.tried })
    }

    /// Tries sets of growing size until some repair the lock.
    fn search(&mut self, memories: &[MemoryModel], monitor: &mut dyn Monitor) -> Result<Remedy, Refused> {
        for size in 0..=self.places.len() {
            let mut right: BTreeSet<Set> = BTreeSet::new();
            while let Some(set) = hitting_sets(&self.must_hit, size).difference(&right).next().cloned() {
                match self.try_under(&set, memories, monitor)? {
                    Trial::Right => drop(right.insert(set)),
                    Trial::Cut(cut) => return Ok(Remedy::Cut(cut)),
                    Trial::Wrong(must_hit, failure) => {
                        if must_hit.iter().any(Set::is_empty) {
                            return Ok(Remedy::None(failure));
                        }
                        self.must_hit.extend(must_hit);
                    }
                }
            }
            if let Some(first) = right.first() {
                let text = self.repaired(first);
                let lines = |set: &Set| set.iter().map(|&place| self.places[place]).collect();
                return Ok(Remedy::Fences { sets: right.iter().map(lines).collect(), text });
            }
        }
        unreachable!("a FENCE at every place stops whatever some FENCE can stop")
    }

    fn try_under(
        &mut self,
        set: &Set,
        memories: &[MemoryModel],
        monitor: &mut dyn Monitor,
    ) -> Result<Trial, Refused> {
        self.tried += 1;
        for &memory in memories {
            match self.try_set(set, memory, monitor)? {
                Trial::Right => {}
                other => return Ok(other),
            }
        }
        Ok(Trial::Right)
    }

    /// Explores every client of the lock with FENCEs at a set of places, until one fails.
    fn try_set(
        &mut self,
        set: &Set,
        memory: MemoryModel,
        monitor: &mut dyn Monitor,
    ) -> Result<Trial, Refused> {
        let key = (set.iter().copied().collect::<Vec<_>>(), memory);
        if self.right.contains(&key) {
            return Ok(Trial::Right);
        }
        let text = self.marked(set);
        for at in 0..self.order.len() {
            let index = self.order[at];
            let (client, _) = &self.prepared.clients[index];
            let program = self.prepared.program(client, &text, self.loader)?;
            let found = self.prepared.search(&program, memory, monitor)?;
            let failures = failures(self.prepared, client, &program, memory, &found);
            let shown = failures.into_iter().filter(|(_, _, witness)| !witness.actions.is_empty());
            let shown: Vec<_> = shown.collect();
            if let Some((_, how, witness)) = shown.first() {
                self.order[..=at].rotate_right(1);
                let must_hit =
                    shown.iter().map(|(_, _, witness)| self.passed(&program, memory, witness)).collect();
                let failure = Failure {
                    client: client.clone(),
                    program: program.clone().into(),
                    models: found.models,
                    how: how.clone(),
                    witness: witness.clone(),
                };
                return Ok(Trial::Wrong(must_hit, Box::new(failure)));
            }
            if let Some(cut) = found.search.cut {
                return Ok(Trial::Cut(cut));
            }
        }
        self.right.insert(key);
        Ok(Trial::Right)
    }

    /// Returns the places that an execution passes while its thread has something in a buffer.
    fn passed(&self, program: &Program, memory: MemoryModel, witness: &Schedule) -> Set {
        let machine = self.prepared.machine(program, memory);
        let mut state = machine.initial();
        let mut passed = Set::new();
        let marks = self.marks(program);
        for &action in &witness.actions {
            if let Actor::Thread(thread) = action.actor
                && let Some(place) = machine.pc(&state, thread).and_then(|pc| marks.get(&pc))
                && !machine.is_drained(&state, thread)
            {
                passed.insert(*place);
            }
            if machine.step(&mut state, action).is_err() {
                break;
            }
        }
        passed
    }

    /// Returns the lock's text with a FENCE at each place of a set and a NOP at all others.
    fn marked(&self, set: &Set) -> String {
        let instruction = |place: usize| Some(if set.contains(&place) { "FENCE" } else { "NOP" });
        insert(self.prepared.text(), &self.places, instruction)
    }

    /// Returns the lock's text with a FENCE at each place of a set.
    fn repaired(&self, set: &Set) -> String {
        insert(self.prepared.text(), &self.places, |place| set.contains(&place).then_some("FENCE"))
    }

    /// Returns the places by the addresses of their NOPs and FENCEs in a program of the marked text.
    fn marks(&self, program: &Program) -> BTreeMap<Addr, usize> {
        let lines = self.places.iter().enumerate().map(|(place, &line)| (line + place as u32 + 1, place));
        let place_of: BTreeMap<u32, usize> = lines.collect();
        let marks = program.places.iter().enumerate().filter_map(|(index, at)| {
            let addr = Addr(index as u32);
            let is_mark = at.line.source == 0 && program.instr(addr) != Instr::End;
            let place = place_of.get(&at.line.number).filter(|_| is_mark)?;
            Some((addr, *place))
        });
        marks.collect()
    }
}

impl Repair {
    /// Returns how many FENCEs repair the lock at least; `None` where none do or it is not known.
    pub fn least(&self) -> Option<u32> {
        match &self.remedy {
            Remedy::Fences { sets, .. } => sets.first().map(|set| set.len() as u32),
            Remedy::None(_) | Remedy::Cut(_) => None,
        }
    }
}

/// Lists the sets of a size that have an element of each of the given sets in common, where no smaller set
/// does: such a set is found by choosing, again and again, an element of the first set not yet hit.
fn hitting_sets(must_hit: &[Set], size: usize) -> BTreeSet<Set> {
    let mut found = BTreeSet::new();
    let mut open = vec![Set::new()];
    while let Some(set) = open.pop() {
        match must_hit.iter().find(|other| other.is_disjoint(&set)) {
            None => drop(found.insert(set)),
            Some(missed) if set.len() < size => {
                open.extend(missed.iter().map(|&place| {
                    let mut larger = set.clone();
                    larger.insert(place);
                    larger
                }));
            }
            Some(_) => {}
        }
    }
    found.retain(|set| set.len() == size);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sets(lists: &[&[usize]]) -> Vec<Set> {
        lists.iter().map(|list| list.iter().copied().collect()).collect()
    }

    #[test]
    fn hitting_sets_hit_everything() {
        let must_hit = sets(&[&[1, 2], &[2, 3], &[3, 4]]);
        assert_eq!(hitting_sets(&must_hit, 1), BTreeSet::new());
        assert_eq!(hitting_sets(&must_hit, 2), sets(&[&[1, 3], &[2, 3], &[2, 4]]).into_iter().collect());
        assert_eq!(hitting_sets(&[], 0), sets(&[&[]]).into_iter().collect());
    }
}
