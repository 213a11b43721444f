//! What an exploration can be asked: each claim as a question that answers, and as an assertion that panics.

use super::explored::{Explored, OWN_CLAIMS, Ruling};
use super::failure::{Failure, loud};
use crate::check::{Exploration, Summary, Unexpected, Verdict};
use crate::program::Models;
use crate::schedule::Schedule;

impl Explored {
    /// Claims that no deadlock can be reached.
    ///
    /// # Errors
    ///
    /// Says which deadlock, with a schedule, or that a limit cut the search.
    pub fn deadlock_free(&self) -> Result<(), Failure> {
        self.ask("no deadlock", "", |found| {
            absent(found, "a deadlock", found.deadlocks.iter().map(|deadlock| &deadlock.reached.witness))
        })
    }

    /// Claims that no two threads are ever both about to access one element of a `shared` variable, at least
    /// one of them writing, not both atomically.
    ///
    /// # Errors
    ///
    /// Says which accesses, with a schedule, or that a limit cut the search.
    pub fn race_free(&self) -> Result<(), Failure> {
        self.ask("no data race", "", |found| {
            absent(found, "a data race", found.races.iter().map(|race| &race.witness))
        })
    }

    /// Claims that no instruction fails: no `ASSERT`, no division by zero, no unlock of a lock that is not held.
    ///
    /// # Errors
    ///
    /// Says which fault, with a schedule, or that a limit cut the search.
    pub fn fault_free(&self) -> Result<(), Failure> {
        self.ask("no fault", "", |found| {
            absent(found, "a fault", found.faults.iter().map(|fault| &fault.reached.witness))
        })
    }

    /// Claims that from every state some end can be reached: no threads that go on for ever among themselves.
    ///
    /// # Errors
    ///
    /// Says where nothing ends any more, with a schedule, or that a limit cut the search.
    pub fn livelock_free(&self) -> Result<(), Failure> {
        self.ask("no livelock", "", |found| {
            absent(found, "a livelock", found.livelocks.iter().map(|livelock| &livelock.witness))
        })
    }

    /// Claims that an expression of the language is true in every state that can be reached: `"x <= N"`,
    /// `"not (A in cs and B in cs)"`, `"count(worker holds m) <= 1"`.
    ///
    /// # Errors
    ///
    /// Says where it is not, with a schedule, that a limit cut the search, or what is wrong with the text.
    pub fn always(&self, expression: impl AsRef<str>) -> Result<(), Failure> {
        let expression = expression.as_ref();
        self.expect(&format!("always {expression}"), &format!(".assert_holds({:?})", negated(expression)))
    }

    /// Claims that an expression is true in no state that can be reached.
    ///
    /// # Errors
    ///
    /// As [`Explored::always`].
    pub fn never(&self, expression: impl AsRef<str>) -> Result<(), Failure> {
        let expression = expression.as_ref();
        self.expect(&format!("never {expression}"), &format!(".assert_holds({expression:?})"))
    }

    /// Claims anything that a line `expect` of the language can say, without that word: `"possibly x == 2"`,
    /// `"no race on x"`, `"schedules = 70"`, `"under pso always x <= N"`. A claim `under` a model is put to
    /// that model, explored for it if need be.
    ///
    /// # Errors
    ///
    /// Says why it does not hold, with a schedule where there is one, that a limit cut the search, or what is
    /// wrong with the text.
    pub fn holds(&self, claim: impl AsRef<str>) -> Result<(), Failure> {
        self.expect(claim.as_ref(), "")
    }

    /// Claims what the program says of itself: its lines `expect`, no deadlock and no fault that none of them
    /// expects; also under each combination of models that these lines name.
    ///
    /// # Errors
    ///
    /// Says what does not hold, or that a limit cut a search.
    pub fn expectations(&self) -> Result<(), Failure> {
        let mut unknown = None;
        for found in self.with_named_models()? {
            match found.summary() {
                Summary::Holds => {}
                Summary::Fails => return Err(self.unfulfilled(&found, refuting(&found))),
                Summary::Inconclusive => unknown = unknown.or(Some(found)),
            }
        }
        unknown.map_or(Ok(()), |found| Err(self.inconclusive(OWN_CLAIMS, &found)))
    }

    /// Returns the explorations of every combination of models that the test or an expectation names.
    fn with_named_models(&self) -> Result<Vec<Exploration>, Failure> {
        let mut explored = self.explorations.clone();
        for base in &self.explorations {
            for models in self.program.combinations(base.models) {
                if explored.iter().all(|found| found.models != models) {
                    explored.push(self.subject.search(&self.program, models, false)?);
                }
            }
        }
        Ok(explored)
    }

    /// Explores with one expectation in the place of the program's own.
    fn expect(&self, claim: &str, open: &str) -> Result<(), Failure> {
        let line = claim.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut program = self.subject.assemble_with(&format!("expect {line}\n"))?;
        program.expectations.drain(..program.expectations.len() - 1);
        let mut asked: Vec<Models> = Vec::new();
        for base in &self.explorations {
            let applying = program.combinations(base.models).into_iter().filter(|&models| {
                let is_new = !asked.contains(&models);
                is_new && program.expectations.iter().all(|expectation| expectation.applies(models))
            });
            let applying: Vec<Models> = applying.collect();
            asked.extend(applying);
        }
        for models in asked {
            let before = self.explorations.iter().find(|one| one.models == models);
            // What has been explored before is counted already, and is what a failure shows.
            let found = self.subject.search(&program, models, before.is_some())?;
            let Some(judged) = found.expectations.first() else { continue };
            let shown = before.unwrap_or(&found);
            match judged.verdict {
                Verdict::Holds => {}
                Verdict::Fails => {
                    return Err(self.refute(&line, &judged.reason, open, shown, judged.witness.as_ref()));
                }
                Verdict::Unknown => return Err(self.inconclusive(&line, &found)),
            }
        }
        Ok(())
    }

    /// Asserts [`Explored::deadlock_free`].
    ///
    /// # Panics
    ///
    /// When that is an error.
    #[track_caller]
    pub fn assert_deadlock_free(&self) -> &Explored {
        loud(self.deadlock_free());
        self
    }

    /// Asserts [`Explored::race_free`].
    ///
    /// # Panics
    ///
    /// When that is an error.
    #[track_caller]
    pub fn assert_race_free(&self) -> &Explored {
        loud(self.race_free());
        self
    }

    /// Asserts [`Explored::fault_free`].
    ///
    /// # Panics
    ///
    /// When that is an error.
    #[track_caller]
    pub fn assert_fault_free(&self) -> &Explored {
        loud(self.fault_free());
        self
    }

    /// Asserts [`Explored::livelock_free`].
    ///
    /// # Panics
    ///
    /// When that is an error.
    #[track_caller]
    pub fn assert_livelock_free(&self) -> &Explored {
        loud(self.livelock_free());
        self
    }

    /// Asserts [`Explored::always`].
    ///
    /// # Panics
    ///
    /// When that is an error.
    #[track_caller]
    pub fn assert_always(&self, expression: impl AsRef<str>) -> &Explored {
        loud(self.always(expression));
        self
    }

    /// Asserts [`Explored::never`].
    ///
    /// # Panics
    ///
    /// When that is an error.
    #[track_caller]
    pub fn assert_never(&self, expression: impl AsRef<str>) -> &Explored {
        loud(self.never(expression));
        self
    }

    /// Asserts [`Explored::holds`].
    ///
    /// # Panics
    ///
    /// When that is an error.
    #[track_caller]
    pub fn assert_holds(&self, claim: impl AsRef<str>) -> &Explored {
        loud(self.holds(claim));
        self
    }

    /// Asserts [`Explored::expectations`].
    ///
    /// # Panics
    ///
    /// When that is an error.
    #[track_caller]
    pub fn assert_expectations(&self) -> &Explored {
        loud(self.expectations());
        self
    }
}

/// Rules that something must not happen; the shortest of its witnesses is shown.
fn absent<'e>(found: &Exploration, what: &str, witnesses: impl Iterator<Item = &'e Schedule>) -> Ruling<'e> {
    match witnesses.min_by_key(|witness| (witness.switches(), witness.actions.len())) {
        Some(witness) => Ruling::Fails(format!("{what} can be reached"), Some(witness)),
        None if found.search.cut.is_none() => Ruling::Holds,
        None => Ruling::Unknown,
    }
}

/// Returns the witness of the first thing that a program does not expect.
fn refuting(found: &Exploration) -> Option<&Schedule> {
    let unexpected = found.unexpected().into_iter().map(|unexpected| match unexpected {
        Unexpected::Deadlock(index) => &found.deadlocks[index].reached.witness,
        Unexpected::Fault(index) => &found.faults[index].reached.witness,
    });
    let failing = found.expectations.iter().filter(|judged| judged.verdict == Verdict::Fails);
    unexpected.chain(failing.filter_map(|judged| judged.witness.as_ref())).next()
}

fn negated(expression: &str) -> String {
    format!("not ({expression})")
}
