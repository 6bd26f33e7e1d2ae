//! A crowd at one door leaves the others theirs (promise G7).

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::program::{Demo, PATIENCE, call, clean, demo_command};

#[test]
fn more_callers_than_there_are_descriptors_leave_the_rest_of_the_product_its_place() {
    let data = tempfile::tempdir().unwrap();
    let mut few = Command::new("sh");
    clean(&mut few).args(["-c", "ulimit -n 256 && exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_octroi")]);
    let demo = Demo::launch(demo_command(&mut few, data.path()).stdin(Stdio::null()));
    let gateway = demo.text("/gateway").replace("http://", "");
    // Each was answered, or closed because too many were there.
    let crowd: Vec<TcpStream> = (0..400).map(|_| arrive(&gateway)).collect();
    assert_eq!(demo.manage("GET", "/apis", None).unwrap().0, 200);
    assert!(demo.make_application("Malgré la foule").is_some());
    let ready = call("GET", &format!("{}/readyz", demo.text("/admin")), &[], None);
    assert_eq!(ready.unwrap().0, 200);
    drop(crowd);
    let (since, key) = (Instant::now(), demo.key());
    while demo.try_sample_call(Some(&key)) != Some(200) {
        assert!(since.elapsed() < PATIENCE, "the gateway has no place although the crowd is gone");
    }
    demo.stop("TERM");
}

fn arrive(gateway: &str) -> TcpStream {
    let mut stream = TcpStream::connect(gateway).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    let _ = stream.write_all(b"GET /nothing HTTP/1.1\r\nHost: g\r\n\r\n");
    let _ = stream.read(&mut [0; 4096]);
    stream
}
