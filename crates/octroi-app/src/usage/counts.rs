//! Counts on their way into the database: made fit, put together, and packed for the time that they wait. A packed
//! count takes about forty bytes, a twentieth of what writing it as a row costs.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use octroi_domain::ids::{ApiId, CredentialId, SubscriptionId};
use octroi_domain::time::Timestamp;
use octroi_policy::feed::UsageRow;
use octroi_store::MinuteCount;

use super::{AHEAD, MINUTE_MS};

/// So that sums stay far from the end of what a database can count.
const LARGEST_COUNT: u64 = 1 << 52;

/// The first byte of packed counts: the format's version.
const PACKED: u8 = 1;

/// Packed counts that nobody packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the counts cannot be read")]
pub(super) struct Unreadable;

/// What many callers' calls have in common.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Kind {
    minute: Timestamp,
    api_id: Option<ApiId>,
    outcome: Cow<'static, str>,
    status: u16,
    admitted: bool,
}

/// Calls that are counted together: the place of their kind, and who made them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Place {
    kind: usize,
    subscription_id: Option<SubscriptionId>,
    credential_id: Option<CredentialId>,
}

/// Calls, bytes in, bytes out, microseconds.
type Sums = [u64; 4];

/// Few kinds, each with a place.
#[derive(Debug, Default)]
struct Kinds {
    in_order: Vec<Kind>,
    places: HashMap<Kind, usize>,
    latest: usize,
}

impl Kinds {
    fn place(&mut self, kind: Kind) -> usize {
        // Counts of one kind mostly come one after the other.
        if self.in_order.get(self.latest) != Some(&kind) {
            self.latest = match self.places.entry(kind) {
                Entry::Occupied(known) => *known.get(),
                Entry::Vacant(new) => {
                    self.in_order.push(new.key().clone());
                    *new.insert(self.in_order.len() - 1)
                }
            };
        }
        self.latest
    }

    /// A gateway's row, made fit: a minute that has not come yet is taken for the present one, an outcome that is no
    /// word is left unnamed.
    fn read(&mut self, row: &UsageRow, now: Timestamp) -> (Place, Sums) {
        let moment = if row.minute > now.after(AHEAD) { now } else { row.minute.max(Timestamp::default()) };
        let kind = self.place(Kind {
            minute: Timestamp::from_millis(moment.as_millis().div_euclid(MINUTE_MS) * MINUTE_MS),
            api_id: row.api_id,
            outcome: if is_outcome(&row.outcome) { row.outcome.clone() } else { "unknown".into() },
            status: row.status,
            admitted: row.admitted,
        });
        let place = Place { kind, subscription_id: row.subscription_id, credential_id: row.credential_id };
        let sums = [row.calls, row.bytes_in, row.bytes_out, row.duration_us];
        (place, sums.map(|sum| sum.min(LARGEST_COUNT)))
    }

    fn row(&self, place: Place, sums: Sums) -> MinuteCount {
        let Kind { minute, api_id, outcome, status, admitted } = self.in_order[place.kind].clone();
        let [calls, bytes_in, bytes_out, duration_us] = sums.map(|sum| sum as i64);
        let Place { subscription_id, credential_id, .. } = place;
        MinuteCount {
            minute,
            api_id,
            subscription_id,
            credential_id,
            outcome,
            status,
            admitted,
            calls,
            bytes_in,
            bytes_out,
            duration_us,
        }
    }

    /// Whole packed counts: these kinds, then rows.
    fn stand_before(&self, rows: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(rows.len() + 64 * self.in_order.len() + 16);
        out.push(PACKED);
        push_number(self.in_order.len() as u64, &mut out);
        for kind in &self.in_order {
            push_number(kind.minute.as_millis() as u64, &mut out);
            out.extend(kind.api_id.map_or(0, ApiId::as_u128).to_le_bytes());
            push_number(u64::from(kind.status), &mut out);
            out.push(u8::from(kind.admitted));
            push_number(kind.outcome.len() as u64, &mut out);
            out.extend(kind.outcome.as_bytes());
        }
        out.extend(rows);
        out
    }
}

/// A stable code: lower-case letters, digits and underscores.
fn is_outcome(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// Counts put together: alike ones added up.
#[derive(Debug, Default)]
pub(super) struct Counts {
    kinds: Kinds,
    sums: HashMap<Place, Sums>,
}

impl Counts {
    /// The counts of a gateway's rows.
    pub(super) fn of(rows: &[UsageRow], now: Timestamp) -> Self {
        let mut counts = Self::default();
        for row in rows {
            let (place, sums) = counts.kinds.read(row, now);
            counts.add(place, sums);
        }
        counts
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.sums.len()
    }

    fn add(&mut self, place: Place, more: Sums) {
        let sums = self.sums.entry(place).or_default();
        for (sum, more) in sums.iter_mut().zip(more) {
            *sum = sum.saturating_add(more).min(LARGEST_COUNT);
        }
    }

    /// Adds what [`pack`] packed, or nothing of it.
    pub(super) fn add_packed(&mut self, bytes: &[u8]) -> Result<(), Unreadable> {
        let mut from = Reader(bytes);
        let mut read = || {
            if from.byte()? != PACKED {
                return None;
            }
            let kinds = (0..from.number()?).map(|_| from.kind()).collect::<Option<Vec<Kind>>>()?;
            let mut rows = Vec::with_capacity(from.0.len() / 40);
            while !from.0.is_empty() {
                let (place, sums) = from.row()?;
                kinds.get(place.kind)?;
                rows.push((place, sums));
            }
            Some((kinds, rows))
        };
        let (kinds, rows) = read().ok_or(Unreadable)?;
        let places: Vec<usize> = kinds.into_iter().map(|kind| self.kinds.place(kind)).collect();
        for (place, sums) in rows {
            self.add(Place { kind: places[place.kind], ..place }, sums);
        }
        Ok(())
    }

    /// The first `most` rows as they are stored, and the others packed, where there are more. In the order of the stored
    /// key: neighbours are written together, and two processes never wait for each other in a circle.
    pub(super) fn split(self, most: usize) -> (Vec<MinuteCount>, Option<Vec<u8>>) {
        let Self { kinds, sums } = self;
        let mut rows: Vec<_> = sums.into_iter().collect();
        let key = |place: &Place| {
            let Kind { minute, api_id, outcome, status, admitted } = &kinds.in_order[place.kind];
            (place.subscription_id, minute, api_id, place.credential_id, outcome, status, admitted)
        };
        rows.sort_unstable_by(|(one, _), (other, _)| key(one).cmp(&key(other)));
        let (first, rest) = rows.split_at(most.min(rows.len()));
        let first = first.iter().map(|(place, sums)| kinds.row(*place, *sums)).collect();
        let mut packed = Vec::with_capacity(rest.len() * USUAL_SIZE);
        rest.iter().for_each(|(place, sums)| push_row(*place, *sums, &mut packed));
        (first, (!rest.is_empty()).then(|| kinds.stand_before(&packed)))
    }
}

/// A gateway's rows in few bytes: the kinds first, then each row with its kind's place.
pub(super) fn pack(rows: &[UsageRow], now: Timestamp) -> Vec<u8> {
    let mut kinds = Kinds::default();
    let mut packed = Vec::with_capacity(rows.len() * USUAL_SIZE);
    for row in rows {
        let (place, sums) = kinds.read(row, now);
        push_row(place, sums, &mut packed);
    }
    kinds.stand_before(&packed)
}

/// Bytes of a packed row, about.
const USUAL_SIZE: usize = 48;

fn push_row(place: Place, sums: Sums, out: &mut Vec<u8>) {
    push_number(place.kind as u64, out);
    out.extend(place.subscription_id.map_or(0, SubscriptionId::as_u128).to_le_bytes());
    out.extend(place.credential_id.map_or(0, CredentialId::as_u128).to_le_bytes());
    sums.into_iter().for_each(|sum| push_number(sum, out));
}

/// Seven bits a byte, lowest first; the eighth says that more follow.
fn push_number(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Reads what [`pack`] wrote. Nothing where the bytes are not of it.
struct Reader<'b>(&'b [u8]);

impl Reader<'_> {
    fn bytes<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*bytes)
    }

    fn byte(&mut self) -> Option<u8> {
        self.bytes::<1>().map(|[byte]| byte)
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..63).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn id(&mut self) -> Option<Option<u128>> {
        let number = u128::from_le_bytes(self.bytes()?);
        Some((number != 0).then_some(number))
    }

    fn kind(&mut self) -> Option<Kind> {
        let minute = Timestamp::from_millis(i64::try_from(self.number()?).ok()?);
        let api_id = self.id()?.map(ApiId::from_u128);
        let status = u16::try_from(self.number()?).ok()?;
        let admitted = self.byte()? != 0;
        let length = usize::try_from(self.number()?).ok()?;
        let (outcome, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        let outcome = std::str::from_utf8(outcome).ok()?.to_owned().into();
        Some(Kind { minute, api_id, outcome, status, admitted })
    }

    fn row(&mut self) -> Option<(Place, Sums)> {
        let kind = usize::try_from(self.number()?).ok()?;
        let subscription_id = self.id()?.map(SubscriptionId::from_u128);
        let credential_id = self.id()?.map(CredentialId::from_u128);
        let mut sums = [0; 4];
        for sum in &mut sums {
            *sum = self.number()?;
        }
        Some((Place { kind, subscription_id, credential_id }, sums))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(number: u64) -> UsageRow {
        UsageRow {
            minute: Timestamp::from_millis(60_000 * (number as i64 % 3)),
            api_id: (!number.is_multiple_of(5)).then(|| ApiId::from_u128(7)),
            subscription_id: (!number.is_multiple_of(7)).then(|| SubscriptionId::from_u128(number.into())),
            credential_id: Some(CredentialId::from_u128(u128::MAX - u128::from(number))),
            outcome: if number.is_multiple_of(2) { "admitted".into() } else { "rate_limited".into() },
            status: 200 + number as u16 % 300,
            admitted: number.is_multiple_of(2),
            calls: number,
            bytes_in: 0,
            bytes_out: 1 << number.min(60),
            duration_us: u64::MAX,
        }
    }

    #[test]
    fn packed_counts_are_those_that_were_packed() {
        let rows: Vec<UsageRow> = (0..1_000).map(row).collect();
        let now = Timestamp::from_millis(200_000);
        let mut counts = Counts::default();
        counts.add_packed(&pack(&rows, now)).unwrap();
        assert_eq!(counts.len(), 1_000);
        assert_eq!(counts.split(1_000), Counts::of(&rows, now).split(1_000));
    }

    #[test]
    fn what_is_not_written_yet_is_packed_again() {
        let rows: Vec<UsageRow> = (0..1_000).map(row).collect();
        let now = Timestamp::from_millis(200_000);
        let (all, none) = Counts::of(&rows, now).split(1_000);
        assert_eq!((all.len(), none), (1_000, None));
        let (mut written, mut rest) = Counts::of(&rows, now).split(300);
        while let Some(packed) = rest {
            let mut counts = Counts::default();
            counts.add_packed(&packed).unwrap();
            let (more, then) = counts.split(300);
            written.extend(more);
            rest = then;
        }
        assert!(written == all);
    }

    #[test]
    fn counts_of_several_batches_are_added_up() {
        let now = Timestamp::from_millis(200_000);
        let (first, second) = ([row(2), row(4)], [row(4), row(6)]);
        let mut counts = Counts::default();
        counts.add_packed(&pack(&first, now)).unwrap();
        counts.add_packed(&pack(&second, now)).unwrap();
        let calls: Vec<i64> = counts.split(9).0.iter().map(|row| row.calls).collect();
        assert_eq!(calls, [2, 8, 6]);
    }

    #[test]
    fn what_nobody_packed_is_refused_whole() {
        let now = Timestamp::from_millis(200_000);
        let packed = pack(&[row(1), row(2)], now);
        let mut counts = Counts::default();
        for cut in 0..packed.len() {
            // A cut at a row's end cannot be told from fewer rows.
            let _ = counts.add_packed(&packed[..cut]);
        }
        for bad in [&[][..], &[2], &[1, 0xff, 0xff], &[1, 0, 0], &[0xff; 100]] {
            assert_eq!(Counts::default().add_packed(bad), Err(Unreadable));
        }
    }
}
