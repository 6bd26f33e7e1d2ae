//! A database that cannot grow refuses writes, acknowledges nothing falsely, and goes on reading.

use octroi_domain::time::Timestamp;
use octroi_store::{Change, Store, StoreError, StoreOptions};

#[tokio::test]
async fn a_full_disk_refuses_the_write_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("octroi.db").display());
    let now = Timestamp::from_millis(1);
    Store::open(&StoreOptions::new(&url)).await.unwrap().migrate(now).await.unwrap();

    let full = StoreOptions { max_page_count: Some(1), ..StoreOptions::new(&url) };
    let store = Store::open(&full).await.unwrap();
    let mut acknowledged = 0;
    let refused = loop {
        let mut tx = store.begin().await.unwrap();
        let written = async {
            tx.put_setting(&format!("setting {acknowledged}"), &"x".repeat(4_000)).await?;
            tx.changed(Change::Catalogue);
            tx.commit().await
        };
        match written.await {
            Ok(committed) => {
                acknowledged += 1;
                assert_eq!(committed.revision, Some(acknowledged));
            }
            Err(error) => break error,
        }
        assert!(acknowledged < 1_000);
    };
    assert!(matches!(refused, StoreError::Unavailable(_)), "{refused:?}");

    let mut session = store.read().await.unwrap();
    assert_eq!(session.revision().await.unwrap(), acknowledged);
    for n in 0..acknowledged {
        assert!(session.setting(&format!("setting {n}")).await.unwrap().is_some());
    }
    assert_eq!(session.setting(&format!("setting {acknowledged}")).await.unwrap(), None);
    drop(session);

    let store = Store::open(&StoreOptions::new(&url)).await.unwrap();
    let mut tx = store.begin().await.unwrap();
    tx.put_setting("room again", "yes").await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_disk_that_fails_in_the_middle_of_a_transaction_spoils_no_later_one() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("octroi.db").display());
    Store::open(&StoreOptions::new(&url)).await.unwrap().migrate(Timestamp::from_millis(1)).await.unwrap();
    let full = StoreOptions { max_page_count: Some(1), ..StoreOptions::new(&url) };
    let store = Store::open(&full).await.unwrap();
    let too_much = "x".repeat(4_000_000);
    for _ in 0..3 {
        let mut tx = store.begin().await.unwrap();
        let refused = tx.put_setting("too much", &too_much).await.unwrap_err();
        assert!(matches!(refused, StoreError::Unavailable(_)), "{refused:?}");
        drop(tx);
    }
    let mut tx = store.begin().await.unwrap();
    assert!(tx.setting("too much").await.unwrap().is_none());
}
