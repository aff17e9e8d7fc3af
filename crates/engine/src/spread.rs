//! Work of independent pieces, on all cores.

use std::cmp::Reverse;
use std::num::NonZero;
use std::sync::{Mutex, PoisonError};
use std::thread;

/// A piece of work, and about how many bytes it goes through.
pub(crate) struct Job<'a> {
    bytes: u64,
    work: Box<Work<'a>>,
}

type Work<'a> = dyn FnOnce(&mut Vec<u8>) + Send + 'a;

impl<'a> Job<'a> {
    pub(crate) fn new(bytes: u64, work: impl FnOnce(&mut Vec<u8>) + Send + 'a) -> Self {
        Self {
            bytes,
            work: Box::new(work),
        }
    }
}

/// Does all of them, the largest first, so that the cores end at about the same time. Whoever works
/// lends each job the same buffer: the first touch of memory costs more than filling it.
pub(crate) fn spread(mut jobs: Vec<Job<'_>>) {
    jobs.sort_by_key(|job| Reverse(job.bytes));
    let threads = thread::available_parallelism()
        .map_or(1, NonZero::get)
        .min(jobs.len());
    let waiting = Mutex::new(jobs.into_iter());
    let next = || {
        let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.next()
    };
    let work = || {
        let mut buffer = Vec::new();
        while let Some(job) = next() {
            (job.work)(&mut buffer);
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(work);
        }
        work();
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_job_is_done_once() {
        let mut done = [0; 100];
        let jobs = done.iter_mut().zip(1..).map(|(done, bytes)| {
            Job::new(bytes, move |buffer: &mut Vec<u8>| {
                buffer.clear();
                buffer.resize(bytes as usize, 1);
                *done += buffer.len();
            })
        });
        spread(jobs.collect());
        let expected: Vec<usize> = (1..=100).collect();
        assert_eq!(done.as_slice(), expected);
        spread(Vec::new());
    }
}
