//! `octroi migrate`: brings the database to this program's version.

use super::{Ended, Where, say};
use crate::ambient::Ambient;
use crate::foundation::{Addresses, Foundation};

pub(super) async fn run(place: Where) -> Ended {
    let config = place.load()?;
    let ambient = Ambient::system();
    let foundation = Foundation::lay(&config, &ambient).await?;
    foundation.app(&config, &ambient, &Addresses::configured(&config)?, None).await?;
    if foundation.migrated.is_empty() {
        say(format!("nothing to do: the database is at version {}", octroi_store::latest_version()))?;
    }
    for name in &foundation.migrated {
        say(format!("ran {name}"))?;
    }
    foundation.store.close().await;
    Ok(())
}
