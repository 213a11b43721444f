//! Attention: what a sweep does one by one, with the nodes that show something new.

use std::ops::Range;

use super::effects::Leaf;
use super::key::Key;
use super::learn::Met;
use super::stage::Stage;
use super::{Setback, Sweep, Visitor};
use crate::explore::search::Kind;
use crate::explore::store::Mode;

/// A batch of fewer nodes is not looked at ahead.
const WORTH_LOOKING: usize = 1 << 11;

/// One node in so many is looked at ahead.
const STRIDE: usize = 1 << 5;

impl<K: Key> Sweep<'_, '_, K> {
    /// Attends to the nodes that were put aside.
    pub(super) fn attend(&mut self, visitor: &mut dyn Visitor) -> Result<(), Setback> {
        let aside: Vec<usize> =
            self.pieces.iter_mut().flat_map(|piece| std::mem::take(&mut piece.aside)).collect();
        for node in aside {
            if self.spent {
                break;
            }
            self.attend_to(node, visitor)?;
        }
        self.flush_own();
        if self.stage.effects.chains.is_torn() {
            return Err(Setback::Torn);
        }
        Ok(())
    }

    fn attend_to(&mut self, node: usize, visitor: &mut dyn Visitor) -> Result<(), Setback> {
        self.get_to_know(node)?;
        if self.spent {
            return Ok(());
        }
        let word = self.stage.log.get(node);
        let key = self.stage.mixer.unmix(word);
        let mut leaves = Vec::new();
        let size = self.stage.look_up(key, &mut leaves);
        let is_doubtful = self.stage.is_doubtful(&leaves);
        let leaves: Vec<Leaf> = leaves.into_iter().copied().collect();
        if size.overflows {
            self.stage.effects.chains.give_up();
            return Err(Setback::Torn);
        }
        self.own.sums.count(size);
        if is_doubtful {
            self.own.sums.doubtful.push(node);
        }
        self.show(node, key, &leaves, visitor);
        self.stage.emit(word, key, &leaves.iter().collect::<Vec<&Leaf>>(), &mut self.own);
        Ok(())
    }

    /// Learns ahead of a large batch what is new about some of its nodes: it is probably new about many, and these
    /// need not be put aside then.
    pub(super) fn look_ahead(&mut self, nodes: Range<usize>) -> Result<(), Setback> {
        if nodes.len() < WORTH_LOOKING {
            return Ok(());
        }
        for node in nodes.step_by(STRIDE) {
            if self.spent {
                break;
            }
            let key = self.stage.mixer.unmix(self.stage.log.get(node));
            if self.stage.slots_of(key).any(|slot| self.stage.effects.find(key, slot).is_none()) {
                self.get_to_know(node)?;
            }
        }
        Ok(())
    }

    /// Finds out what the actors of a node do that is not known yet, and gives fields the bits that this takes.
    fn get_to_know(&mut self, node: usize) -> Result<(), Setback> {
        let key = self.stage.mixer.unmix(self.stage.log.get(node));
        let mut row = std::mem::take(&mut self.row);
        self.stage.fields.unpack(key, &mut row);
        let known = self.stage.effects.len();
        for slot in self.stage.slots_of(key) {
            if self.stage.effects.find(key, slot).is_none() {
                self.follow_chain(node, &mut row, slot);
            }
        }
        self.row = row;
        if self.stage.effects.chains.is_torn() {
            return Err(Setback::Torn);
        }
        if self.stage.fields.overflow() {
            self.flush_own();
            if self.spent || !self.can_refit() {
                self.stage.effects.close_from(known);
                self.spent = true;
                return Ok(());
            }
            self.refit()?;
        }
        Ok(())
    }

    /// Finds out how a slot's chain leads on from its head at a node, and what its actors do at the end of it.
    fn follow_chain(&mut self, node: usize, row: &mut [u32], slot: usize) {
        let field = self.stage.fields.of_thread(self.stage.effects.thread(slot));
        let head = row[field];
        let mut blocks = 1;
        loop {
            if self.stage.effects.find_by_row(row, slot).is_none() {
                self.learn(node, row, slot);
            }
            let Some(next) = self.stage.effects.lead_on(slot, row[field], blocks) else { break };
            row[field] = next;
            blocks += 1;
        }
        self.stage.effects.keep_way(slot, head, row[field], blocks);
        row[field] = head;
    }

    /// Finds out what the actors of a slot do in a state of a node.
    fn learn(&mut self, node: usize, row: &[u32], slot: usize) {
        self.stage.fields.decode(row, &mut self.state);
        let Stage { fields, effects, pairs, claims, .. } = &mut *self.stage;
        let sinks = Some(&mut self.sinks);
        let met = Met { row, state: &self.state, slot };
        let learned = effects.learn(fields, claims, &mut self.expander, met, sinks);
        for (sink, edge) in learned {
            self.sink_edges.resize(self.sinks.len(), None);
            self.sink_edges[sink as usize] = Some((self.first + node, edge));
        }
        pairs.fit(&effects.access_list);
    }

    /// Shows the corner of a node to the visitor and remembers that it has been shown.
    fn show(&mut self, node: usize, key: K, leaves: &[Leaf], visitor: &mut dyn Visitor) {
        let mut row = std::mem::take(&mut self.row);
        self.stage.fields.unpack(key, &mut row);
        for (slot, field) in self.stage.fields.of_threads().enumerate() {
            self.stage.effects.for_each_on_chain(slot, row[field], |to, _| row[field] = to);
        }
        let mode = self.stage.fields.decode(&row, &mut self.state);
        self.row = row;
        let kind = match mode {
            Mode::Running(_) if leaves.iter().any(|leaf| leaf.faults) => Kind::FaultEnd,
            Mode::Running(_) => return,
            Mode::Decision if !leaves.is_empty() => Kind::Decision,
            Mode::Decision if self.machine.is_final(&self.state) => Kind::Final,
            Mode::Decision => Kind::Deadlock,
        };
        self.expander.prepare(&self.state, mode, true);
        visitor.state((self.first + node) as u64, &self.state, kind, &self.expander.actors);
        match kind {
            Kind::FaultEnd => self.fault_ends.push(self.first + node),
            Kind::Final | Kind::Deadlock => {
                self.end_blocks.extend(self.stage.fields.of_threads().map(|field| (field, self.row[field])));
            }
            _ => {}
        }
        self.stage.pairs.settle(leaves);
        let Stage { fields, claims, .. } = &mut *self.stage;
        claims.settle(self.machine, fields, key, &self.state);
    }
}
