use octroi_policy::{Policy, stages::Validated};

fn count_once_and_forward_twice(validated: Validated<'_>, policy: &Policy) {
    let _ = validated.limit(policy);
    let _ = validated.limit(policy);
}

fn main() {}
