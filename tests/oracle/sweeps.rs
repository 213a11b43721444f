//! Sweeps against the search that keeps edges: the same states, transitions, ends, races and verdicts, by any
//! number of workers, and witnesses that show what they are for.

use std::sync::Mutex;

use racevm::check::{
    Beyond, Counting, Cut, Exploration, Monitor, Outcome, Progress, Verdict, explored, explored_by_sweep,
};
use racevm::explore::{Disk, DiskError, Limits, Spill, Unwatched};
use racevm::program::{Models, Program};
use racevm::schedule::{End, Schedule, parse, replay};
use racevm::vm::{DEFAULT_BUFFER, Machine};

use crate::reductions::Survives;

/// Compares the two searches; false where a sweep has no answer or the graph is too large.
pub fn compare(program: &Program, models: Models, text: &str) -> bool {
    let machine = Machine::new(program, models, DEFAULT_BUFFER).expect("small states");
    let limits = Limits { max_states: Some(50_000), max_memory: None };
    let kept = explored(&machine, None, &limits, Counting::Nothing, &mut Unwatched);
    if kept.search.cut.is_some() {
        return false;
    }
    // In boxes of states, then with each state by itself.
    let singly = Limits { max_states: Some(1_000_000), max_memory: None };
    [Limits::default(), singly].iter().all(|limits| compare_sweep(&machine, &kept, limits, text))
}

fn compare_sweep(machine: &Machine<'_>, kept: &Exploration, limits: &Limits, text: &str) -> bool {
    let (program, models) = (machine.program(), machine.models());
    let Some(swept) = explored_by_sweep(machine, limits, 1, Beyond::Stop, &mut Unwatched) else {
        assert!(!kept.livelocks.is_empty(), "a sweep has an answer under {models}:\n{text}");
        return false;
    };
    let sizes = |found: &Exploration| (found.search.states, found.search.transitions);
    assert_eq!(sizes(&swept), sizes(kept), "states and transitions under {models}:\n{text}");
    assert_eq!(Survives::of(program, &swept), Survives::of(program, kept), "under {models}:\n{text}");
    for (outcome, shortest) in swept.outcomes.iter().zip(&kept.outcomes) {
        let witness = &outcome.reached.witness;
        let values = ends_in(machine, witness, text).expect("an outcome's witness ends in it");
        assert_eq!(values, outcome.values.concat(), "under {models}:\n{text}");
        if has_fewest_steps(machine, limits) {
            assert!(witness.actions.len() <= shortest.reached.witness.actions.len(), "{text}");
        }
    }
    let others = swept.deadlocks.iter().map(|deadlock| &deadlock.reached.witness);
    let others = others.chain(swept.faults.iter().map(|fault| &fault.reached.witness));
    let others = others.chain(swept.races.iter().map(|race| &race.witness));
    let of_claims = swept.expectations.iter().filter_map(|judged| judged.witness.as_ref());
    others.chain(of_claims).for_each(|witness| drop(ends_in(machine, witness, text)));
    if swept.search.states < 500 {
        compare_on_disk(machine, &swept, limits, text);
        compare_lossily(machine, &swept, text);
    }
    true
}

/// Returns true where a witness has the fewest steps: each step is an edge, and each state a node.
fn has_fewest_steps(machine: &Machine<'_>, limits: &Limits) -> bool {
    machine.decides_after_every_step() && limits.max_states.is_some()
}

/// Replays a witness; returns the observed values if it ends in a final state.
fn ends_in(machine: &Machine<'_>, witness: &Schedule, text: &str) -> Option<Vec<i64>> {
    let program = machine.program();
    let parsed = parse(&witness.to_text(program), program).expect("a witness is a schedule");
    let execution =
        replay(machine, &parsed).unwrap_or_else(|misfit| panic!("{misfit:?} in {witness:?} of\n{text}"));
    let cells = program.observed.iter().flat_map(|observed| &observed.cells);
    let values = cells.map(|&cell| machine.value(&execution.state, cell)).collect();
    matches!(execution.end, End::Final).then_some(values)
}

/// Compares a search on disk, by tiny buffers, with the same sweep in memory.
fn compare_on_disk(machine: &Machine<'_>, swept: &Exploration, limits: &Limits, text: &str) {
    for buffer in [1, 7, 100] {
        let disk = Shelves::default();
        let beyond = Beyond::Disk(Spill { disk: &disk, buffer: Some(buffer) });
        let found = explored_by_sweep(machine, limits, 2, beyond, &mut Unwatched);
        let found = found.expect("what is swept in memory is swept on disk");
        let program = machine.program();
        assert_eq!(found.search.states, swept.search.states, "states on disk of\n{text}");
        assert_eq!(found.search.transitions, swept.search.transitions, "transitions on disk of\n{text}");
        if found.search.cut == Some(Cut::Memory) {
            // Livelocks were not looked for.
            continue;
        }
        assert_eq!(Survives::of(program, &found), Survives::of(program, swept), "on disk:\n{text}");
        for (outcome, shortest) in found.outcomes.iter().zip(&swept.outcomes) {
            let witness = &outcome.reached.witness;
            let values = ends_in(machine, witness, text).expect("an outcome's witness ends in it");
            assert_eq!(values, outcome.values.concat(), "on disk:\n{text}");
            if has_fewest_steps(machine, limits) {
                assert_eq!(witness.actions.len(), shortest.reached.witness.actions.len(), "{text}");
            }
        }
        let others = found.deadlocks.iter().map(|deadlock| &deadlock.reached.witness);
        let others = others.chain(found.races.iter().map(|race| &race.witness));
        others.for_each(|witness| drop(ends_in(machine, witness, text)));
    }
}

/// What a search finds that forgets is among what there is, and it never says that something is not.
fn compare_lossily(machine: &Machine<'_>, swept: &Exploration, text: &str) {
    let limits = Limits { max_states: None, max_memory: Some(24 << 10) };
    let found = explored_by_sweep(machine, &limits, 1, Beyond::Lossy, &mut Unwatched);
    let Some(found) = found.filter(|found| found.search.lossy.is_some()) else { return };
    assert!(found.search.cut.is_some(), "{text}");
    for outcome in &found.outcomes {
        let known = |other: &&Outcome| (&other.values, &other.output) == (&outcome.values, &outcome.output);
        assert!(swept.outcomes.iter().any(|other| known(&other)), "no such outcome in\n{text}");
        let values =
            ends_in(machine, &outcome.reached.witness, text).expect("an outcome's witness ends in it");
        assert_eq!(values, outcome.values.concat(), "lossy:\n{text}");
    }
    for fault in &found.faults {
        assert!(swept.faults.iter().any(|other| other.at == fault.at), "no such fault in\n{text}");
    }
    let lists = found.deadlocks.len() <= swept.deadlocks.len() && found.races.len() <= swept.races.len();
    assert!(lists, "more deadlocks or races than there are in\n{text}");
    let others = found.deadlocks.iter().map(|deadlock| &deadlock.reached.witness);
    let others = others.chain(found.faults.iter().map(|fault| &fault.reached.witness));
    let others = others.chain(found.races.iter().map(|race| &race.witness));
    others.for_each(|witness| drop(ends_in(machine, witness, text)));
    for (judged, exact) in found.expectations.iter().zip(&swept.expectations) {
        assert!(
            judged.verdict == Verdict::Unknown || judged.verdict == exact.verdict,
            "{judged:?} in\n{text}"
        );
    }
}

/// Keeps what is foreseen at the beginning of each level: the states so far, and how many there will be.
#[derive(Default)]
struct Foreseen(Vec<(u64, Option<u64>)>);

impl Monitor for Foreseen {
    fn observe(&mut self, progress: &Progress) -> Option<Cut> {
        self.0.push((progress.states, progress.whole));
        None
    }
}

#[test]
fn how_far_a_search_is_becomes_known_on_the_way() {
    let increments = |threads: u32, times: usize| {
        let increment = "LOAD x\nPUSH 1\nADD\nSTORE x\n";
        format!("shared x = 0\nthread inc[{threads}]\n{}end\n", increment.repeat(times))
    };
    let philosophers = include_str!("../../programs/philosophers/all_take_the_left_fork_first.rvm");
    let texts = [
        increments(3, 6),
        increments(4, 3),
        increments(3, 5),
        philosophers.replace("const N = 3", "const N = 7"),
    ];
    for text in texts {
        let program = crate::assembled(&text);
        let machine = Machine::new(&program, program.models, DEFAULT_BUFFER).expect("small states");
        let mut foreseen = Foreseen::default();
        let swept = explored_by_sweep(&machine, &Limits::default(), 2, Beyond::Stop, &mut foreseen)
            .expect("it is swept");
        let all = swept.search.states as f64;
        let late: Vec<f64> = foreseen
            .0
            .iter()
            .filter(|&&(states, _)| states as f64 > all / 2.0)
            .filter_map(|&(_, whole)| Some(whole? as f64 / all))
            .collect();
        assert!(late.len() >= 3, "{} estimates of {all} states of\n{text}", late.len());
        assert!(late.iter().all(|factor| (0.5..2.0).contains(factor)), "{late:?} of {all} states of\n{text}");
    }
}

#[test]
fn a_disk_that_fails_ends_the_search_and_takes_nothing_with_it() {
    let text = format!("shared x = 0\nthread inc[3]\n{}end\n", "LOAD x\nPUSH 1\nADD\nSTORE x\n".repeat(2));
    let program = crate::assembled(&text);
    let machine = Machine::new(&program, program.models, DEFAULT_BUFFER).expect("small states");
    let search = |disk: &Shelves| {
        let beyond = Beyond::Disk(Spill { disk, buffer: Some(50) });
        explored_by_sweep(&machine, &Limits::default(), 1, beyond, &mut Unwatched).expect("it is swept")
    };
    let sound = Shelves::default();
    let whole = search(&sound);
    assert_eq!(whole.search.cut, None);
    let written = sound.written();
    let mut cut_with_races = 0;
    for failing in [Failing::Full, Failing::Gone] {
        for room in (0..written).step_by(written / 40) {
            let found = search(&Shelves { room: Some((room, failing)), ..Shelves::default() });
            for outcome in &found.outcomes {
                let values = ends_in(&machine, &outcome.reached.witness, &text);
                assert_eq!(values, Some(outcome.values.concat()), "{failing:?} at {room}");
            }
            // Where nothing can be read back, witnesses come from memory, which here holds everything.
            if matches!(failing, Failing::Gone) && found.search.cut.is_none() {
                assert_eq!(Survives::of(&program, &found), Survives::of(&program, &whole));
                continue;
            }
            assert_eq!(found.search.cut, Some(Cut::Disk), "{failing:?} at {room} of {written} bytes");
            assert!(found.search.states <= whole.search.states);
            found.races.iter().for_each(|race| drop(ends_in(&machine, &race.witness, &text)));
            cut_with_races += usize::from(!found.races.is_empty());
        }
    }
    assert!(cut_with_races > 20, "what was found is shown, not {cut_with_races} times only");
}

/// Threads with so many steps that nobody else sees, and one that all see.
fn mostly_private(threads: u32, private: usize) -> Program {
    crate::assembled(&format!(
        "shared x = 0\nthread t[{threads}]\n{}PUSH 1\nSTORE x\nend\n",
        "NOP\n".repeat(private)
    ))
}

#[test]
fn boxes_of_very_many_states_leave_batches_their_size() {
    let program = mostly_private(8, 170);
    let machine = Machine::new(&program, program.models, DEFAULT_BUFFER).expect("small states");
    let limits = Limits { max_states: None, max_memory: Some(64 << 20) };
    let found = explored_by_sweep(&machine, &limits, 1, Beyond::Stop, &mut Unwatched).expect("it is swept");
    assert_eq!(found.search.cut, None);
    // Each thread is before one of 172 instructions or has finished.
    assert_eq!(found.search.states, 173_u64.pow(8));
    assert_eq!(found.search.transitions, 8 * 172 * 173_u64.pow(7));
}

/// Stops a search of more than so many states.
struct Most(u64);

impl Monitor for Most {
    fn observe(&mut self, progress: &Progress) -> Option<Cut> {
        (progress.states > self.0).then_some(Cut::Time)
    }
}

#[test]
fn more_transitions_than_a_word_counts_are_never_said_to_be_fewer() {
    let program = mostly_private(8, 250);
    let machine = Machine::new(&program, program.models, DEFAULT_BUFFER).expect("small states");
    let disk = Shelves::default();
    for beyond in [Beyond::Stop, Beyond::Disk(Spill { disk: &disk, buffer: Some(1000) })] {
        let found = explored_by_sweep(&machine, &Limits::default(), 1, beyond, &mut Most(1000));
        let search = found.expect("it is swept").search;
        assert_eq!(search.cut, Some(Cut::Time), "{} states and {} edges", search.states, search.transitions);
    }
}

/// How a disk fails.
#[derive(Clone, Copy, Debug)]
enum Failing {
    /// It takes nothing more.
    Full,
    /// It takes nothing more, and gives nothing back.
    Gone,
}

/// A disk in memory, which knows what is still there.
#[derive(Debug, Default)]
struct Shelves {
    runs: Mutex<Vec<Option<Vec<u8>>>>,
    /// How many bytes have been written in all.
    written: Mutex<usize>,
    /// How many bytes may be written until it fails.
    room: Option<(usize, Failing)>,
}

impl Shelves {
    fn written(&self) -> usize {
        *self.written.lock().unwrap()
    }

    fn has_room_for(&self, bytes: usize) -> bool {
        self.room.is_none_or(|(room, _)| self.written() + bytes <= room)
    }
}

impl Disk for Shelves {
    fn create(&self) -> Result<u32, DiskError> {
        let mut runs = self.runs.lock().unwrap();
        runs.push(Some(Vec::new()));
        assert!(runs.iter().flatten().count() < 100, "runs that are merged are deleted");
        Ok(runs.len() as u32 - 1)
    }

    fn append(&self, run: u32, bytes: &[u8]) -> Result<(), DiskError> {
        if !self.has_room_for(bytes.len()) {
            // Whatever comes next finds no room either.
            *self.written.lock().unwrap() = usize::MAX / 2;
            return Err(DiskError);
        }
        let mut runs = self.runs.lock().unwrap();
        runs[run as usize].as_mut().expect("the run is there").extend_from_slice(bytes);
        *self.written.lock().unwrap() += bytes.len();
        Ok(())
    }

    fn read(&self, run: u32, at: u64, bytes: &mut [u8]) -> Result<(), DiskError> {
        if matches!(self.room, Some((_, Failing::Gone))) && !self.has_room_for(0) {
            return Err(DiskError);
        }
        let runs = self.runs.lock().unwrap();
        let run = runs[run as usize].as_ref().expect("the run is there");
        bytes.copy_from_slice(&run[at as usize..at as usize + bytes.len()]);
        Ok(())
    }

    fn delete(&self, run: u32) {
        self.runs.lock().unwrap()[run as usize] = None;
    }
}
