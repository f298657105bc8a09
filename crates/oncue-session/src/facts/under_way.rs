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

    /// Takes in what begins. Its place. Where all are under way, what is worth least is forgotten.
    pub(super) fn begin<W: Ord>(&mut self, item: T, worth: impl Fn(&T) -> W) -> usize {
        if !self.is_full() {
            self.items.push(item);
            return self.again(self.items.len() - 1);
        }
        let place = if self.under_way < REMEMBERED {
            // Nothing that is under way is forgotten as long as something is over; of that, the first has just ended.
            self.turn.max(self.under_way + 1).min(REMEMBERED - 1)
        } else {
            let in_turn = (self.turn..REMEMBERED).chain(0..self.turn);
            in_turn.min_by_key(|&place| worth(&self.items[place])).unwrap_or(self.turn)
        };
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
        let stays = all.begin(0, |_| 0);
        for item in 1..40 {
            let place = all.begin(item, |_| 0);
            all.end(place);
            assert_eq!((all.under_way(), stays), ([0].as_slice(), 0));
            for one in (item - 14).max(1)..=item {
                assert!(all.all().contains(&one), "{one} after {item} in {all:?}");
            }
        }
        for item in 40..55 {
            all.begin(item, |_| 0);
        }
        assert!(all.is_full() && all.under_way().len() == REMEMBERED && all.under_way()[0] == 0);
        all.begin(55, |_| 0);
        all.begin(56, |_| 0);
        for item in [55, 56] {
            assert!(all.under_way().contains(&item), "{item} in {all:?}");
        }
        assert_eq!(all.under_way().len(), REMEMBERED);
    }

    #[test]
    fn what_is_worth_most_is_forgotten_last() {
        let mut all = UnderWay::new();
        for item in 0..100 {
            all.begin(item, |item| item % 10 == 5);
        }
        for stays in (5..100).step_by(10) {
            assert!(all.under_way().contains(&stays), "{stays} in {all:?}");
        }
        assert!(all.is_full() && all.under_way().contains(&99));
    }
}
