//! The limit holds whatever the number of callers, of connections, of keys under one subscription, of gateway threads.

use octroi_tests::{Live, Upstream, databases};
use tokio::task::JoinSet;

const CLIENTS: usize = 64;

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_clients_on_two_threads_never_pass_the_limit() {
    for database in databases().await {
        let (live, upstream) = (Live::on(database).await, Upstream::start());
        live.provider_of_sirene(&upstream.url()).await;
        let camille = live.newcomer("camille").await;
        let consumer = camille.subscriber("MonApplication", "acces-public").await;
        let (_, second) = camille.renew(&consumer.credential, None).await;

        let mut clients = JoinSet::new();
        let gateway = live.gateway();
        for client in 0..CLIENTS {
            let key = if client % 2 == 0 { consumer.key.clone() } else { second.clone() };
            clients.spawn(async move {
                let headers = [(octroi_tests::KEY_HEADER, key.as_str())];
                let mut statuses = Vec::new();
                for _ in 0..4 {
                    statuses.push(
                        octroi_tests::call(gateway, "GET", octroi_tests::SIRET, &headers, b"").await.status,
                    );
                }
                statuses
            });
        }
        let statuses = clients.join_all().await.concat();
        let count = |status| statuses.iter().filter(|s| **s == status).count();
        assert_eq!((count(200), count(429)), (30, CLIENTS * 4 - 30));
        assert_eq!(upstream.requests(), 30);

        let other = camille.subscriber("AutreApplication", "acces-public").await;
        assert_eq!(live.sirene(&other.key).await.status, 200, "each subscription has its own count");
        live.stop().await;
    }
}
