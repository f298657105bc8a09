//! What goes on beside what is over: calls and actions are kept so, since most questions are about those under way.

use alloc::vec::Vec;

/// How many are remembered at most.
const REMEMBERED: usize = 16;

/// Those that are under way first, then those that are over. Each begins and ends in one exchange of places.
#[derive(Clone, Debug)]
pub(super) struct UnderWay<T> {
    items: Vec<T>,
    under_way: usize,
    /// Whose place is the next to be taken: those that are over are forgotten in turn.
    turn: usize,
}

impl<T> UnderWay<T> {
    pub(super) fn new() -> Self {
        Self { items: Vec::with_capacity(REMEMBERED), under_way: 0, turn: 0 }
    }

    /// Those that are under way.
    pub(super) fn under_way(&self) -> &[T] {
        &self.items[..self.under_way]
    }

    /// All that are remembered.
    pub(super) fn all(&self) -> &[T] {
        &self.items
    }

    pub(super) fn at(&self, place: usize) -> &T {
        &self.items[place]
    }

    pub(super) fn at_mut(&mut self, place: usize) -> &mut T {
        &mut self.items[place]
    }

    /// Whether another can only begin in the place of one that is remembered.
    pub(super) fn is_full(&self) -> bool {
        self.items.len() == REMEMBERED
    }

    /// Takes in what begins. Its place.
    pub(super) fn begin(&mut self, item: T) -> usize {
        if !self.is_full() {
            self.items.push(item);
            return self.again(self.items.len() - 1);
        }
        // Nothing that is under way is forgotten as long as something is over; of that, the first has just ended.
        let from = if self.under_way < REMEMBERED { self.under_way + 1 } else { 0 };
        let place = self.turn.max(from).min(REMEMBERED - 1);
        self.turn = (place + 1) % REMEMBERED;
        self.items[place] = item;
        self.again(place)
    }

    /// What is at `place` is under way, again or still. Its new place.
    pub(super) fn again(&mut self, place: usize) -> usize {
        if place < self.under_way {
            return place;
        }
        self.items.swap(place, self.under_way);
        self.under_way += 1;
        self.under_way - 1
    }

    /// What is at `place` is over.
    pub(super) fn end(&mut self, place: usize) {
        if place < self.under_way {
            self.under_way -= 1;
            self.items.swap(place, self.under_way);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_over_is_forgotten_in_turn_and_before_what_is_under_way() {
        let mut all = UnderWay::new();
        let stays = all.begin(0);
        for item in 1..40 {
            let place = all.begin(item);
            all.end(place);
            assert_eq!((all.under_way(), stays), ([0].as_slice(), 0));
            for one in (item - 14).max(1)..=item {
                assert!(all.all().contains(&one), "{one} after {item} in {all:?}");
            }
        }
        for item in 40..55 {
            all.begin(item);
        }
        assert!(all.is_full() && all.under_way().len() == REMEMBERED && all.under_way()[0] == 0);
        all.begin(55);
        all.begin(56);
        for item in [55, 56] {
            assert!(all.under_way().contains(&item), "{item} in {all:?}");
        }
        assert_eq!(all.under_way().len(), REMEMBERED);
    }
}
