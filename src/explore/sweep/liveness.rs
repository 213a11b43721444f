//! Whether an end can be reached from every state of a sweep; where not, there is a livelock.
//!
//! Mostly the threads say so themselves: where no thread's block can ever return to what it was, no state
//! can, and every execution ends. Otherwise what can end is found backwards: the log is walked from its end
//! to its beginning, a node can end if a successor can, and the walk is repeated while it finds more. Breadth
//! first, most successors lie further down the log, so few walks do.

use super::Sweep;
use super::key::Key;
use super::stage::Leaves;

impl<K: Key> Sweep<'_, '_, K> {
    /// Returns true when every step takes its thread's block to one that it never had before.
    ///
    /// SOUND: every step changes the block of the thread that takes it, and whatever else a step changes in
    /// another thread's block is among the moves too. If no thread's moves form a cycle, number each thread's
    /// blocks along its moves: every step raises the sum of these numbers over all threads.
    pub(super) fn is_acyclic(&self) -> bool {
        !self.stands_still && (0..self.stage.fields.len()).all(|field| !self.moves_in_a_cycle(field))
    }

    fn moves_in_a_cycle(&self, field: usize) -> bool {
        let moves = || self.moves.iter().filter(|&&(of, ..)| of == field).map(|&(_, from, to)| (from, to));
        let count = self.stage.fields.count(field) as usize;
        let (mut incoming, mut next) = (vec![0_u32; count], vec![Vec::new(); count]);
        for (from, to) in moves() {
            incoming[to as usize] += 1;
            next[from as usize].push(to);
        }
        // Kahn's algorithm: what is never without incoming moves lies on a cycle or behind one.
        let mut free: Vec<usize> = (0..count).filter(|&number| incoming[number] == 0).collect();
        let mut sorted = 0;
        while let Some(number) = free.pop() {
            sorted += 1;
            for &to in &next[number] {
                incoming[to as usize] -= 1;
                if incoming[to as usize] == 0 {
                    free.push(to as usize);
                }
            }
        }
        sorted < count
    }

    /// Returns true when an end can be reached from every node.
    pub(super) fn all_alive(&self) -> bool {
        let mut alive: Vec<Vec<u64>> =
            self.shards.iter().map(|shard| vec![0; shard.slots().div_ceil(64)]).collect();
        let mut left = self.stage.log.len();
        let mut leaves = Vec::new();
        loop {
            let before = left;
            for node in (0..self.stage.log.len()).rev() {
                let mixed = self.stage.log.get(node);
                let own = self.flag(mixed);
                if !is_set(&alive, own) && self.can_end(mixed, &alive, &mut leaves) {
                    alive[own.0][own.1 / 64] |= 1 << (own.1 % 64);
                    left -= 1;
                }
            }
            if left == 0 || left == before {
                return left == 0;
            }
        }
    }

    fn can_end<'s>(&'s self, mixed: K, alive: &[Vec<u64>], leaves: &mut Leaves<'s>) -> bool {
        let stage = &self.stage;
        let key = stage.mixer.unmix(mixed);
        stage.look_up(key, leaves);
        let lives = |&(keep, set): &(K, K)| is_set(alive, self.flag(stage.mixer.mix(key & keep | set)));
        leaves.is_empty()
            || leaves.iter().any(|leaf| leaf.total > leaf.nodes)
            || leaves.iter().any(|leaf| stage.effects.masks(leaf).iter().any(lives))
    }

    /// Where the flag of a node is.
    fn flag(&self, mixed: K) -> (usize, usize) {
        let shard = self.stage.shard(mixed);
        (shard, self.shards[shard].slot_of(mixed).expect("every node of the graph has been visited"))
    }
}

fn is_set(flags: &[Vec<u64>], (shard, slot): (usize, usize)) -> bool {
    flags[shard][slot / 64] >> (slot % 64) & 1 == 1
}
