//! The connections of a listener: who holds one, and which one is closed when another comes and there is no
//! room. A request that has come whole is never given up for a newcomer.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// How long the body of a request may be on its way before its connection is one that may be closed for
/// others: only whoever lets it trickle in takes longer where there is a crowd.
const BODY_IN_PEACE: Duration = Duration::from_secs(1);

/// What a connection is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// It waits for the head of a request.
    Idle = 0,
    /// The head is there, the body is not.
    Receiving = 1,
    /// The request is there, and being answered.
    Working = 2,
    /// It was closed for another one.
    Evicted = 3,
}

/// The connections of a listener.
#[derive(Debug)]
pub(super) struct Places {
    begun: Instant,
    per_peer: usize,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    next: u64,
    places: HashMap<u64, Arc<Place>>,
}

/// What is known of one connection.
#[derive(Debug)]
pub(super) struct Place {
    begun: Instant,
    peer: IpAddr,
    /// Milliseconds since `begun` at which the phase began, and the phase in the last two bits.
    state: AtomicU64,
    evicted: Notify,
}

/// A place that is held as long as it lives.
#[derive(Debug)]
pub(super) struct Hold {
    places: Arc<Places>,
    id: u64,
    pub(super) place: Arc<Place>,
}

impl Places {
    pub(super) fn new(per_peer: usize) -> Self {
        Self {
            begun: Instant::now(),
            per_peer: per_peer.max(1),
            held: Mutex::default(),
        }
    }

    /// Returns whether a peer may have one more connection, which may cost it another one of its own.
    pub(super) fn has_room_for(&self, peer: IpAddr) -> bool {
        let peer = whose(peer);
        let held = self.held();
        let own = held.values().filter(|place| place.peer == peer).count();
        drop(held);
        own < self.per_peer || self.evict(Some(peer))
    }

    /// Closes the connection that has been idle for longest, or else the one whose request has been on its
    /// way for longest. Returns whether there was one.
    pub(super) fn make_room(&self) -> bool {
        self.evict(None)
    }

    /// Gives a connection its place.
    pub(super) fn hold(self: &Arc<Self>, peer: IpAddr) -> Hold {
        let place = Arc::new(Place {
            begun: self.begun,
            peer: whose(peer),
            state: AtomicU64::new(state(self.begun, Phase::Idle)),
            evicted: Notify::new(),
        });
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let id = held.next;
        held.next += 1;
        held.places.insert(id, Arc::clone(&place));
        Hold {
            places: Arc::clone(self),
            id,
            place,
        }
    }

    fn held(&self) -> Values<'_> {
        Values(self.held.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn evict(&self, peer: Option<IpAddr>) -> bool {
        let in_peace = millis(self.begun).saturating_sub(BODY_IN_PEACE.as_millis() as u64);
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let candidates = held.places.iter().filter_map(|(id, place)| {
                let state = place.state.load(Ordering::Relaxed);
                let since = state >> 2;
                let phase = state & 3;
                let may_go = phase == Phase::Idle as u64
                    || (phase == Phase::Receiving as u64 && since < in_peace);
                let is_theirs = peer.is_none_or(|peer| place.peer == peer);
                (may_go && is_theirs).then_some((phase, since, *id, state))
            });
            let Some((_, _, id, state)) = candidates.min() else {
                return false;
            };
            let Some(place) = held.places.get(&id) else {
                return false;
            };
            // A request may have come in this very moment: then another one goes.
            let gone = place.state.compare_exchange(
                state,
                Phase::Evicted as u64,
                Ordering::Relaxed,
                Ordering::Relaxed,
            );
            if gone.is_ok() {
                place.evicted.notify_one();
                held.places.remove(&id);
                return true;
            }
        }
    }
}

struct Values<'a>(std::sync::MutexGuard<'a, Held>);

impl Values<'_> {
    fn values(&self) -> impl Iterator<Item = &Arc<Place>> {
        self.0.places.values()
    }
}

impl Place {
    /// A head is waited for.
    pub(super) fn idle(&self) {
        self.enter(Phase::Idle);
    }

    /// A head has come, and its body is to come.
    pub(super) fn receiving(&self) {
        self.enter(Phase::Receiving);
    }

    /// All of a request has come.
    pub(super) fn working(&self) {
        self.enter(Phase::Working);
    }

    /// Waits until this connection is to be closed for another one.
    pub(super) async fn evicted(&self) {
        self.evicted.notified().await;
    }

    fn enter(&self, phase: Phase) {
        let entered = state(self.begun, phase);
        // What was evicted stays so: its place is another's.
        let _ = self
            .state
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |before| {
                (before & 3 != Phase::Evicted as u64).then_some(entered)
            });
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let held = &self.places.held;
        let mut held = held.lock().unwrap_or_else(PoisonError::into_inner);
        held.places.remove(&self.id);
    }
}

fn millis(begun: Instant) -> u64 {
    u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX)
}

fn state(begun: Instant, phase: Phase) -> u64 {
    millis(begun) << 2 | phase as u64
}

/// Returns who an address stands for: whoever has one of IPv6 has all of its network.
fn whose(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => {
            let network = address.to_bits() & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from_bits(network))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    fn is_evicted(hold: &Hold) -> bool {
        hold.place.state.load(Ordering::Relaxed) == Phase::Evicted as u64
    }

    #[test]
    fn the_longest_idle_goes_and_no_request_under_way_does() {
        let places = Arc::new(Places::new(9));
        let pause = || std::thread::sleep(Duration::from_millis(3));
        let [working, first, second] = [(); 3].map(|()| {
            pause();
            places.hold(ip("10.0.0.1"))
        });
        working.place.working();
        assert!(places.make_room() && is_evicted(&first) && !is_evicted(&second));
        // It has had a request meanwhile, and is idle again.
        pause();
        let third = places.hold(ip("10.0.0.1"));
        pause();
        second.place.working();
        second.place.idle();
        assert!(places.make_room() && is_evicted(&third));
        assert!(places.make_room() && is_evicted(&second));
        assert!(!places.make_room() && !is_evicted(&working));
        // What was evicted does not come back.
        second.place.working();
        assert!(is_evicted(&second));
    }

    #[test]
    fn a_body_that_trickles_goes_after_a_while_and_after_the_idle() {
        let places = Arc::new(Places::new(9));
        let slow = places.hold(ip("10.0.0.1"));
        slow.place.receiving();
        assert!(!places.make_room());
        std::thread::sleep(BODY_IN_PEACE + Duration::from_millis(5));
        let idle = places.hold(ip("10.0.0.1"));
        assert!(places.make_room() && is_evicted(&idle) && !is_evicted(&slow));
        assert!(places.make_room() && is_evicted(&slow));
    }

    #[test]
    fn a_peer_that_has_its_share_loses_one_of_its_own() {
        let places = Arc::new(Places::new(2));
        let other = places.hold(ip("10.0.0.2"));
        let (v4, mapped) = (ip("10.0.0.1"), ip("::ffff:10.0.0.1"));
        let first = places.hold(v4);
        assert!(places.has_room_for(mapped) && !is_evicted(&first));
        let second = places.hold(mapped);
        second.place.working();
        assert!(places.has_room_for(v4) && is_evicted(&first));
        let third = places.hold(v4);
        third.place.working();
        assert!(!places.has_room_for(v4) && !is_evicted(&other));
        drop(third);
        assert!(places.has_room_for(v4));
        let neighbours = ["2001:db8::1", "2001:db8::2"].map(|text| places.hold(ip(text)));
        assert!(places.has_room_for(ip("2001:db8::3")) && is_evicted(&neighbours[0]));
        assert!(places.has_room_for(ip("2001:db8:0:1::3")) && !is_evicted(&neighbours[1]));
    }
}
