//! The crew of a sweep: threads that stay, and do the tasks of one phase after the other.
//!
//! A task is handed over whole, with what it needs and room for what comes of it, and handed back when it is done;
//! so no thread ever looks at what another one changes, and it takes no `unsafe`. What all tasks of a phase read is
//! lent ([`Lent`]): behind the phase it belongs to the sweep alone again.
//!
//! PERF: a level of a deep graph has a few thousand nodes, and its phases take some hundred microseconds. To start
//! a thread for each, or to wake one that sleeps, takes as long as it gains; so threads that wait for a task look
//! for it some ten microseconds before they go to sleep.

use std::collections::VecDeque;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

/// How often a thread looks for a task before it goes to sleep.
const LOOKS: usize = 1 << 11;

/// Something that tasks read, and that is changed between phases.
#[derive(Debug)]
pub struct Lent<T>(Arc<T>);

impl<T> Lent<T> {
    /// Takes something to be lent.
    pub fn new(value: T) -> Lent<T> {
        Lent(Arc::new(value))
    }

    /// Takes it back for good.
    pub fn into_inner(self) -> T {
        Arc::into_inner(self.0).expect("nothing is lent between phases")
    }

    /// Lends it until what is returned has been dropped.
    pub fn lend(&self) -> Arc<T> {
        Arc::clone(&self.0)
    }
}

impl<T> Deref for Lent<T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Lent<T> {
    fn deref_mut(&mut self) -> &mut T {
        Arc::get_mut(&mut self.0).expect("nothing is lent between phases")
    }
}

type Job = Box<dyn FnOnce() + Send>;

/// What the threads of a crew share.
#[derive(Default)]
struct Board {
    jobs: Mutex<VecDeque<Job>>,
    /// How many jobs nobody has taken yet.
    waiting: AtomicUsize,
    /// How many jobs are not done yet.
    open: AtomicUsize,
    /// There will be no more.
    closed: AtomicBool,
}

impl Board {
    fn take(&self) -> Option<Job> {
        if self.waiting.load(Ordering::Acquire) == 0 {
            return None;
        }
        let job = self.jobs.lock().unwrap_or_else(PoisonError::into_inner).pop_front()?;
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        Some(job)
    }

    /// Does jobs until there are no more, ever.
    fn work(&self) {
        let mut looks = 0;
        while !self.closed.load(Ordering::Acquire) {
            if let Some(job) = self.take() {
                job();
                looks = 0;
            } else if looks < LOOKS {
                looks += 1;
                std::hint::spin_loop();
            } else {
                // Who adds jobs wakes all; a call that came in between makes this return at once.
                std::thread::park();
                looks = 0;
            }
        }
    }
}

/// Tells that a job is done, also when it has panicked.
struct Done<'b>(&'b Board);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Release);
    }
}

/// Some threads, and the one that hands out tasks and does some of them itself.
pub struct Crew {
    board: Arc<Board>,
    others: Vec<JoinHandle<()>>,
}

impl Crew {
    /// Gathers so many, at least 1; fewer where the system has no threads to give.
    pub fn new(size: usize) -> Crew {
        let board = Arc::new(Board::default());
        let start = |_| {
            let board = Arc::clone(&board);
            std::thread::Builder::new().spawn(move || board.work()).ok()
        };
        let others = (1..size).map_while(start).collect();
        Crew { board, others }
    }

    /// Returns how many there are.
    pub fn size(&self) -> usize {
        self.others.len() + 1
    }

    /// Does tasks, whoever comes first, and returns what came of each, in their order. All that `act` holds has
    /// been dropped then.
    pub fn all<T, R>(&self, tasks: Vec<T>, act: impl Fn(T) -> R + Send + Sync + 'static) -> Vec<R>
    where
        T: Send + 'static,
        R: Send + 'static,
    {
        if self.others.is_empty() || tasks.len() < 2 {
            return tasks.into_iter().map(act).collect();
        }
        let count = tasks.len();
        let act = Arc::new(act);
        let results: Arc<Vec<Mutex<Option<R>>>> = Arc::new((0..count).map(|_| Mutex::new(None)).collect());
        self.board.open.store(count, Ordering::Relaxed);
        let jobs = tasks.into_iter().enumerate().map(|(index, task)| -> Job {
            let (act, results, board) = (Arc::clone(&act), Arc::clone(&results), Arc::clone(&self.board));
            Box::new(move || {
                // Dropped last, even in a panic: nothing of this job is held any more when it is done.
                let _done = Done(&board);
                let (act, results) = (act, results);
                let result = act(task);
                *results[index].lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
            })
        });
        self.board.jobs.lock().unwrap_or_else(PoisonError::into_inner).extend(jobs);
        self.board.waiting.store(count, Ordering::Release);
        self.others.iter().for_each(|other| other.thread().unpark());
        while let Some(job) = self.board.take() {
            job();
        }
        let mut looks = 0;
        while self.board.open.load(Ordering::Acquire) > 0 {
            looks += 1;
            if looks < LOOKS { std::hint::spin_loop() } else { std::thread::yield_now() }
        }
        let results = Arc::into_inner(results).expect("all jobs are done");
        let result = |result: Mutex<Option<R>>| result.into_inner().unwrap_or_else(PoisonError::into_inner);
        results.into_iter().map(|done| result(done).expect("no task panics")).collect()
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        self.board.closed.store(true, Ordering::Release);
        for other in self.others.drain(..) {
            other.thread().unpark();
            // A panic there has been noticed by who waited for the task.
            let _ = other.join();
        }
    }
}

impl std::fmt::Debug for Crew {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Crew").field("size", &self.size()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    #[test]
    fn tasks_come_back_in_their_order_and_nothing_stays_lent() {
        let crew = Crew::new(3);
        let mut factor = Lent::new(2);
        for round in 0..2000 {
            let lent = factor.lend();
            let done = crew.all((0..7).collect(), move |task: usize| task * *lent);
            let expected: Vec<usize> = (0..7).map(|task| task * *factor).collect();
            assert_eq!(done, expected);
            *factor = round;
            if round % 500 == 0 {
                std::thread::sleep(std::time::Duration::from_millis(3));
            }
        }
    }

    #[test]
    #[should_panic(expected = "no task panics")]
    fn a_task_that_panics_is_noticed() {
        // Each task waits for the other, so that the other thread has to come to one of them.
        let both = Barrier::new(2);
        Crew::new(2).all(vec![1, 2], move |_| {
            both.wait();
            if std::thread::current().name().is_none() {
                panic!("on purpose");
            }
        });
    }
}
