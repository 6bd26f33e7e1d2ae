//! Request ids and W3C trace context. Randomness is taken from the port in large draughts, so that a call costs no
//! system call.

use octroi_domain::ids::RequestId;
use octroi_domain::time::{Entropy, Timestamp};

const DRAUGHT: usize = 4_096;

/// Random bytes kept in hand.
pub(crate) struct RandomBytes {
    bytes: Box<[u8; DRAUGHT]>,
    used: usize,
}

impl RandomBytes {
    pub(crate) fn new() -> Self {
        Self { bytes: Box::new([0; DRAUGHT]), used: DRAUGHT }
    }

    fn take<const N: usize>(&mut self, entropy: &dyn Entropy) -> [u8; N] {
        if self.used + N > DRAUGHT {
            entropy.fill(&mut self.bytes[..]);
            self.used = 0;
        }
        let mut out = [0; N];
        out.copy_from_slice(&self.bytes[self.used..self.used + N]);
        self.used += N;
        out
    }

    /// A new request id, sortable by `now`.
    pub(crate) fn request_id(&mut self, now: Timestamp, entropy: &dyn Entropy) -> RequestId {
        let mut random = [0; 16];
        random[6..].copy_from_slice(&self.take::<10>(entropy));
        let time = (now.as_millis().max(0) as u128 & ((1 << 48) - 1)) << 80;
        RequestId::from_u128(time | u128::from_be_bytes(random))
    }

    /// The `traceparent` for the upstream (W3C Trace Context): the caller's trace goes on where it is well formed,
    /// a new one begins otherwise. The flag says whether the caller's went on.
    pub(crate) fn traceparent(
        &mut self,
        incoming: Option<&str>,
        entropy: &dyn Entropy,
        out: &mut String,
    ) -> bool {
        let span = u64::from_be_bytes(self.take::<8>(entropy)).max(1);
        if let Some((trace, flags)) = incoming.and_then(parse_traceparent) {
            push_trace(trace, span, flags, out);
            return true;
        }
        let trace = u128::from_be_bytes(self.take::<16>(entropy)).max(1);
        push_trace(hex(&trace.to_be_bytes(), &mut [0; 32]), span, "01", out);
        false
    }
}

fn push_trace(trace: &str, span: u64, flags: &str, out: &mut String) {
    let mut digits = [0; 16];
    for part in ["00-", trace, "-", hex(&span.to_be_bytes(), &mut digits), "-", flags] {
        out.push_str(part);
    }
}

/// The bytes in hexadecimal. A part of every call, so not by way of a formatter.
fn hex<'d>(bytes: &[u8], digits: &'d mut [u8]) -> &'d str {
    const DIGITS: [u8; 16] = *b"0123456789abcdef";
    for (pair, byte) in digits.chunks_exact_mut(2).zip(bytes) {
        pair.copy_from_slice(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    }
    std::str::from_utf8(digits).unwrap_or_default()
}

/// The trace id and flags of a well-formed `traceparent`.
fn parse_traceparent(text: &str) -> Option<(&str, &str)> {
    let mut parts = text.split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let is_hex =
        |t: &str, n| t.len() == n && t.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    let not_zero = |t: &str| t.bytes().any(|b| b != b'0');
    let known =
        version == "00" && parts.next().is_none() || is_hex(version, 2) && version != "ff" && version != "00";
    (known && is_hex(trace, 32) && not_zero(trace) && is_hex(span, 16) && not_zero(span) && is_hex(flags, 2))
        .then_some((trace, flags))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed;
    impl Entropy for Fixed {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(0xab);
        }
    }

    #[test]
    fn a_well_formed_trace_goes_on_and_any_other_is_replaced() {
        let mut random = RandomBytes::new();
        let mut next = |incoming: Option<&str>| {
            let mut out = String::new();
            random.traceparent(incoming, &Fixed, &mut out);
            out
        };
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        let given = format!("00-{trace}-00f067aa0ba902b7-00");
        assert_eq!(next(Some(&given)), format!("00-{trace}-abababababababab-00"));
        let fresh = format!("00-{}-abababababababab-01", "ab".repeat(16));
        let bad = [
            String::new(),
            given.to_uppercase(),
            given.replace(trace, &"0".repeat(32)),
            format!("{given}-x"),
            given.replacen("00", "ff", 1),
        ];
        for bad in bad {
            assert_eq!(next(Some(&bad)), fresh, "{bad}");
        }
        assert_eq!(next(None), fresh);
    }

    #[test]
    fn request_ids_carry_the_time() {
        let now = Timestamp::from_millis(1_795_364_438_123);
        let id = RandomBytes::new().request_id(now, &Fixed);
        assert_eq!(id.as_u128() >> 80, 1_795_364_438_123);
    }
}
