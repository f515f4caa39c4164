//! Units that wait for a thread that has a connection.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};

/// A queue of bounded length, served by threads.
///
/// Of the threads that have nothing to do, the one that had something last is woken: what its connection read is in
/// its memory still. A channel would wake the one that has waited longest, and fill the memory of all of them.
pub(super) struct Queue<T> {
    state: Mutex<State<T>>,
    /// How many may wait.
    length: usize,
}

struct State<T> {
    waiting: VecDeque<T>,
    idle: Vec<Thread>,
    closed: bool,
}

impl<T> Queue<T> {
    pub fn new(length: usize) -> Self {
        Self { state: Mutex::new(State { waiting: VecDeque::new(), idle: Vec::new(), closed: false }), length }
    }

    /// Puts something at the end, unless the queue is full.
    pub fn push(&self, one: T) -> Result<(), T> {
        let mut state = self.state();
        if state.waiting.len() >= self.length {
            return Err(one);
        }
        state.waiting.push_back(one);
        let woken = state.idle.pop();
        drop(state);
        if let Some(thread) = woken {
            thread.unpark();
        }
        Ok(())
    }

    /// Takes what has waited longest; waits for it. `None` when the queue is closed and empty.
    ///
    /// `ready` is called as soon as this thread would be woken: who is told something by it, and asks for more, finds
    /// the same thread again.
    pub fn pop(&self, ready: impl FnOnce()) -> Option<T> {
        let me = thread::current();
        let mut ready = Some(ready);
        loop {
            let mut state = self.state();
            // A thread can wake without having been woken.
            state.idle.retain(|idle| idle.id() != me.id());
            let next = state.waiting.pop_front();
            let waits = next.is_none() && !state.closed;
            if waits {
                state.idle.push(me.clone());
            }
            drop(state);
            if let Some(ready) = ready.take() {
                ready();
            }
            if !waits {
                return next;
            }
            thread::park();
        }
    }

    /// Takes what has waited longest, if there is something.
    pub fn try_pop(&self) -> Option<T> {
        self.state().waiting.pop_front()
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.state().waiting.len()
    }

    fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        state.idle.drain(..).for_each(|thread| thread.unpark());
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        // Nothing in here panics half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The end of a queue that units come in by. When the last is dropped, the threads do what waits still, and end.
pub(super) struct Entrance<T>(pub Arc<Queue<T>>);

impl<T> Drop for Entrance<T> {
    fn drop(&mut self) {
        self.0.close();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    /// So many threads that answer with their number.
    fn serve(queue: &Arc<Queue<mpsc::Sender<usize>>>, threads: usize) -> Vec<thread::JoinHandle<()>> {
        let serve = |number| {
            let queue = Arc::clone(queue);
            thread::spawn(move || {
                let mut last: Option<mpsc::Sender<usize>> = None;
                while let Some(answer) = queue.pop(|| last.take().into_iter().for_each(|to| to.send(number).unwrap())) {
                    last = Some(answer);
                }
            })
        };
        (0..threads).map(serve).collect()
    }

    fn idle(queue: &Queue<mpsc::Sender<usize>>, count: usize) {
        while queue.state().idle.len() < count {
            thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn who_was_busy_last_is_woken() {
        let queue = Arc::new(Queue::new(1));
        let threads = serve(&queue, 3);
        let (answer, answered) = mpsc::channel();
        let mut served = Vec::new();
        idle(&queue, 3);
        for _ in 0..1000 {
            queue.push(answer.clone()).unwrap();
            served.push(answered.recv().unwrap());
        }
        assert!(served.iter().all(|number| *number == served[0]), "{served:?}");
        drop(Entrance(queue));
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    }

    #[test]
    fn what_waits_is_done_before_the_end_and_too_much_is_refused() {
        let queue = Arc::new(Queue::new(2));
        let (answer, answered) = mpsc::channel();
        queue.push(answer.clone()).unwrap();
        queue.push(answer.clone()).unwrap();
        assert!(queue.push(answer.clone()).is_err());
        assert_eq!(queue.len(), 2);
        drop(Entrance(Arc::clone(&queue)));
        serve(&queue, 2).into_iter().for_each(|thread| thread.join().unwrap());
        drop(answer);
        assert_eq!(answered.iter().count(), 2);
        assert!(queue.try_pop().is_none());
    }

    #[test]
    fn nothing_is_lost_among_many() {
        let queue = Arc::new(Queue::new(10_000));
        let threads = serve(&queue, 4);
        let (answer, answered) = mpsc::channel();
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..2000).for_each(|_| queue.push(answer.clone()).unwrap()));
            }
        });
        drop(answer);
        assert_eq!(answered.iter().count(), 8000);
        drop(Entrance(queue));
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    }
}
