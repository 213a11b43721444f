//! How much a pass says: whether the expectations would notice if the program were wrong.

use super::explored::{Explored, page};
use super::failure::{Failure, FailureKind, loud};
use crate::report;
use crate::verify::mutate::{Fate, Survey};

impl Explored {
    /// Tries the program with one thing wrong at a time, see [`mutate`](crate::verify::mutate), and says what
    /// became of each mutant. One that is noticed under any of the models is noticed.
    ///
    /// ```
    /// let locked = "shared x\nmutex m\nthread inc[2]\n LOCK m\n LOAD x\n PUSH 1\n ADD\n STORE x\n UNLOCK m\nend";
    /// let subject = racevm::testing::program(locked);
    /// // Without a word of what is expected only the mutants are noticed that come to no end, or to a fault.
    /// assert!(subject.explore().survey().unwrap().survived() > 0);
    /// subject.expect("outcomes x = {2}").expect("no race").explore().assert_mutants_noticed();
    /// ```
    ///
    /// # Errors
    ///
    /// Says so when the program itself does not do what it says: then there is nothing to try.
    pub fn survey(&self) -> Result<Survey, Failure> {
        self.expectations()?;
        let mut sum: Option<Survey> = None;
        for found in &self.explorations {
            let survey = self.subject.survey(&self.program, found.models)?;
            sum = Some(match sum {
                None => survey,
                Some(before) => merged(before, survey),
            });
        }
        Ok(sum.unwrap_or(Survey { trials: Vec::new() }))
    }

    /// Claims that the program does what it says of itself, and that this would not be so with one thing wrong:
    /// each mutant is noticed, or cannot be told from the program.
    ///
    /// # Errors
    ///
    /// Shows the mutants that nobody notices, or says that a limit cut a search.
    pub fn mutants_noticed(&self) -> Result<(), Failure> {
        let survey = self.survey()?;
        let kind = match (survey.survived(), survey.undecided()) {
            (0, 0) => return Ok(()),
            (0, _) => FailureKind::Inconclusive,
            _ => FailureKind::Fails,
        };
        let name = self.subject.name();
        let mutants = report::mutants(&self.program, &survey, &page(""));
        let head = format!("expected  every mutant to be noticed\nin        {name}\n\n");
        Err(Failure::new(kind, head + &mutants))
    }

    /// Asserts [`Explored::mutants_noticed`].
    ///
    /// # Panics
    ///
    /// When that is an error.
    #[track_caller]
    pub fn assert_mutants_noticed(&self) -> &Explored {
        loud(self.mutants_noticed());
        self
    }
}

/// Puts the fates of the same mutants under other models together.
fn merged(before: Survey, after: Survey) -> Survey {
    let pairs = before.trials.into_iter().zip(after.trials);
    let better = pairs.map(|(a, b)| if weight(&b.fate) > weight(&a.fate) { b } else { a });
    Survey { trials: better.collect() }
}

fn weight(fate: &Fate) -> u8 {
    match fate {
        Fate::Noticed(..) => 3,
        Fate::Undecided(..) => 2,
        Fate::Survived(_) => 1,
        Fate::Same => 0,
    }
}
