//! New keys: what a sweep does when a field has had more values than its bits tell apart.
//!
//! All nodes get new keys, in their order; so neither their numbers change nor what is done next. Nodes keep the
//! slots that sleep in them as long as there is room for these above a key and nothing but decisions has been met:
//! without them a node is awake, and more of its edges are followed than need be.

use super::key::{Key, Mixer};
use super::log::Log;
use super::sieve::Sieve;
use super::stage::Stage;
use super::visited::{SHARDS, Shard};
use super::{Setback, Sweep};

/// How many segments of the log are given new keys before these are added to the visited set.
const REFIT_AT_ONCE: usize = 32;

impl<K: Key> Sweep<'_, '_, K> {
    /// Gives every field the bits that it needs, and everything that holds keys its new keys.
    pub(super) fn refit(&mut self) -> Result<(), Setback> {
        if self.needed_bits() > K::BITS {
            return Err(Setback::TooWide);
        }
        let moved = self.stage.fields.refit();
        if let Some(shelf) = &mut self.shelf {
            shelf.widen(moved.clone(), self.stage.fields.key_bits());
        }
        let old = self.stage.mixer;
        let mixer = Mixer::new(self.stage.fields.key_bits());
        let (sleepers, slept) = (self.sleepers_above(mixer.bits), self.stage.sleepers > 0);
        let renew = |word: K| {
            let key = old.unmix(word);
            let mixed = mixer.mix(moved.iter().fold(K::default(), |new, &run| new | run.of(key)));
            if sleepers > 0 && slept { mixed | (word >> old.bits) << mixer.bits } else { mixed }
        };
        self.stage.mixer = mixer;
        let room = self.room_of_shards();
        let log = std::mem::replace(&mut self.stage.log, Log::new(mixer.bits + sleepers));
        self.shards.clear();
        self.shards.resize_with(SHARDS, || Shard::with_room(mixer.bits, room));
        let mut heads: Vec<Vec<K>> = vec![Vec::new(); SHARDS];
        let (mut new, mut sieve) = (Vec::new(), Sieve::default());
        let mut segments = log.drain().peekable();
        while segments.peek().is_some() {
            for segment in segments.by_ref().take(REFIT_AT_ONCE) {
                let keys: Vec<K> = segment.into_iter().map(renew).collect();
                keys.iter().for_each(|&mixed| heads[self.stage.shard(mixed)].push(mixed));
                self.stage.log.extend(&keys);
            }
            for (shard, heads) in self.shards.iter_mut().zip(&mut heads) {
                shard.insert_all([heads.as_slice()].into_iter(), &mut new, &mut sieve);
                heads.clear();
                new.clear();
            }
        }
        let running = std::mem::take(&mut self.running);
        self.running = running.into_iter().map(|(mixed, count)| (renew(mixed), count)).collect();
        self.stage.sleepers = sleepers;
        let Stage { fields, effects, claims, .. } = &mut *self.stage;
        effects.fit(fields);
        claims.fit(fields);
        Ok(())
    }

    /// Returns how many bits keys need. Where they find no room, what is only expected of fields counts no more.
    fn needed_bits(&mut self) -> u32 {
        if self.stage.fields.needed_bits() > K::BITS {
            self.stage.fields.expect(Vec::new());
        }
        self.stage.fields.needed_bits()
    }

    /// Returns how many bits say which slots sleep, above a key of so many.
    fn sleepers_above(&self, bits: u32) -> u32 {
        let slots = self.stage.effects.slots() as u32;
        let can_sleep = self.stage.fields.count(0) == 1 && self.shelf.is_none();
        if can_sleep && bits + slots <= K::BITS { slots } else { 0 }
    }

    /// Returns true when all keys can be given the bits that their fields need now.
    pub(super) fn can_refit(&mut self) -> bool {
        let bits = self.needed_bits();
        if bits > K::BITS {
            return true;
        }
        let old: usize = self.shards.iter().map(Shard::memory).sum();
        let new = Shard::<K>::with_room(bits, self.room_of_shards()).memory() * SHARDS;
        let width = (bits + self.sleepers_above(bits)).div_ceil(8) as usize;
        let log = self.stage.log.len() * width;
        let more =
            (self.with_flags(new) + log).saturating_sub(self.with_flags(old) + self.stage.log.memory());
        self.has_room_for(more)
    }

    /// How many keys each shard needs room for, and a little more, because keys do not spread quite evenly.
    pub(super) fn room_of_shards(&self) -> usize {
        let len = self.stage.log.len();
        len / SHARDS + len / SHARDS / 16
    }
}
