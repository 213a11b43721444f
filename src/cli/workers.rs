//! Many tasks on a few threads.

use std::sync::{Mutex, mpsc};

/// Does tasks, so many at a time, and lets `receive` have what becomes of each, with its index, as soon as that
/// is there. Once the receiver is gone, no further task is begun.
pub(super) fn stream<T: Send, D: Send, R>(
    tasks: Vec<T>,
    workers: usize,
    work: impl Fn(T) -> D + Sync,
    receive: impl FnOnce(mpsc::Receiver<(usize, D)>) -> R,
) -> R {
    let workers = workers.min(tasks.len());
    let queue = Mutex::new(tasks.into_iter().enumerate());
    let next = || queue.lock().expect("no worker panics while it takes a task").next();
    let (sender, receiver) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..workers {
            let (sender, next, work) = (sender.clone(), &next, &work);
            scope.spawn(move || {
                while let Some((index, task)) = next() {
                    if sender.send((index, work(task))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        receive(receiver)
    })
}

/// Does tasks, so many at a time, and returns what becomes of each, in their order.
pub(super) fn all<T: Send, D: Send>(tasks: Vec<T>, workers: usize, work: impl Fn(T) -> D + Sync) -> Vec<D> {
    let mut done: Vec<(usize, D)> = stream(tasks, workers, work, |receiver| receiver.into_iter().collect());
    done.sort_by_key(|&(index, _)| index);
    done.into_iter().map(|(_, done)| done).collect()
}
