//! Tests of `mysql_wire.rs`.

use std::net::TcpListener;
use std::thread::JoinHandle;

use super::*;

/// A key of nobody's: `openssl genrsa 2048 | openssl rsa -pubout`.
const PUBLIC_KEY: &str = "\
-----BEGIN PUBLIC KEY-----\n\
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAkFXwdiGRzIMguvYzCvwY\n\
jQJCYbQ6SDkDFd1CYvepZIrVyXfY/YNpS3qp4zfYl7KRvlfzpd3mBQzcVSl7gX7l\n\
uwQiivmV8RQDB7C3ajXaTOubkmkmW30sn2eiMGLnieVe0hT1whMbGqztEXOFRxYj\n\
MdNt1OUSBKZ+F9fpCS7vOrYGWTN88IAxjeSgH4trtuE+fp/61vPQLOAjBzFO19RK\n\
ccjE1abmKkG1HgsBlkuhmY/2b3VwNhlb+f+3u4mje6H1wbyhwwNhfjLiUGoOe2j2\n\
gPjQew/qisu1QjLOF52QZUaLWYPZUsHSS2V2j2l9fGumL92vFN5cnCzQ36s3Q6PC\n\
uwIDAQAB\n\
-----END PUBLIC KEY-----\n\
";
const CACHING: &str = "caching_sha2_password";
const NATIVE: &str = "mysql_native_password";

enum Step {
    /// The server sends a packet.
    Send(Vec<u8>),
    /// The client sends one of this length.
    Receive(usize),
    /// The client sends one that ends so.
    ReceiveEnd(&'static [u8]),
}

/// A server that says and hears this, and where it listens.
fn played(steps: Vec<Step>) -> (SqlAddress, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let address = format!("mysql://me:geheim@127.0.0.1:{port}/shop?table=t");
    let address = SqlAddress::parse(&address).expect("an address");
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        let mut sequence = 0;
        for step in steps {
            if let Step::Send(packet) = step {
                let mut bytes = (packet.len() as u32).to_le_bytes();
                bytes[3] = sequence;
                stream.write_all(&bytes).expect("send");
                stream.write_all(&packet).expect("send");
                sequence += 1;
                continue;
            }
            let mut head = [0; 4];
            stream.read_exact(&mut head).expect("a packet");
            sequence = head[3] + 1;
            let length = u32::from_le_bytes([head[0], head[1], head[2], 0]);
            let mut packet = vec![0; length as usize];
            stream.read_exact(&mut packet).expect("its bytes");
            match step {
                Step::Receive(length) => assert_eq!(packet.len(), length, "{packet:?}"),
                Step::ReceiveEnd(end) => assert!(packet.ends_with(end), "{packet:?}"),
                Step::Send(_) => {}
            }
        }
    });
    (address, server)
}

fn greeting(plugin: &str) -> Step {
    let abilities = (ABILITIES | Ability::CLIENT_CONNECT_WITH_DB).bits();
    let [low, second, third, high] = abilities.to_le_bytes();
    let mut packet = b"\x0a8.4.0\0\x07\0\0\x0012345678\0".to_vec();
    packet.extend([low, second, 45, 2, 0, third, high, 21]);
    packet.extend([0; 10]);
    packet.extend(b"abcdefghijkl\0");
    packet.extend(plugin.as_bytes());
    packet.push(0);
    Step::Send(packet)
}

fn connected(steps: Vec<Step>) -> (Result<Wire, Fault>, JoinHandle<()>) {
    let (address, server) = played(steps);
    let wire = Wire::connect(
        &address,
        None,
        Deadlines::of(churn_base::deadlines::Remote::Database),
    );
    (wire, server)
}

fn ok() -> Step {
    Step::Send(vec![0, 0, 0, 2, 0, 0, 0])
}

#[test]
fn every_way_to_log_in_comes_to_its_end() {
    let whom = b"shop\0caching_sha2_password\0\x16\x0cprogram_name\x08churnctl";
    let switch = |plugin: &str| [b"\xfe", plugin.as_bytes(), b"\0lkjihgfedcba87654321\0"].concat();
    let key = [b"\x01", PUBLIC_KEY.as_bytes()].concat();
    for steps in [
        // The server remembers the password.
        vec![
            greeting(CACHING),
            Step::ReceiveEnd(whom),
            Step::Send(vec![1, 3]),
            ok(),
        ],
        // It does not: the password goes by its key, not in the clear.
        vec![
            greeting(CACHING),
            Step::ReceiveEnd(whom),
            Step::Send(vec![1, 4]),
            Step::Receive(1),
            Step::Send(key),
            Step::Receive(256),
            ok(),
        ],
        // The user has another way than the server.
        vec![
            greeting(CACHING),
            Step::ReceiveEnd(whom),
            Step::Send(switch(NATIVE)),
            Step::Receive(20),
            ok(),
        ],
        vec![
            greeting(NATIVE),
            Step::ReceiveEnd(b"churnctl"),
            Step::Send(switch(CACHING)),
            Step::Receive(32),
            Step::Send(vec![1, 3]),
            ok(),
        ],
    ] {
        let (wire, server) = connected(steps);
        assert_eq!(wire.map(|wire| wire.id).ok(), Some(7));
        server.join().expect("as played");
    }
    // Without TLS nobody gets to see a password.
    let (wire, _server) = connected(vec![
        greeting(NATIVE),
        Step::ReceiveEnd(b"churnctl"),
        Step::Send(switch("mysql_clear_password")),
    ]);
    assert!(matches!(wire, Err(Fault::Login(name)) if name == "mysql_clear_password"));
    let (wire, _server) = connected(vec![Step::Send(
        b"\xff\x10\x04Too many connections".to_vec(),
    )]);
    assert!(matches!(wire, Err(Fault::Said { code: 1040, .. })));
    let (wire, _server) = connected(vec![Step::Send(b"SSH-2.0-OpenSSH".to_vec())]);
    assert!(matches!(wire, Err(Fault::Protocol(_))));
}

#[test]
fn rows_come_one_by_one_until_the_server_refuses() {
    let column = b"\x03def\0\0\0\x01a\0\x0c\x2d\0\xff\0\0\0\xfd\0\0\0\0\0";
    let (wire, server) = connected(vec![
        greeting(NATIVE),
        Step::ReceiveEnd(b"churnctl"),
        ok(),
        Step::ReceiveEnd(b"\x03select 1"),
        Step::Send(vec![2]),
        Step::Send(column.to_vec()),
        Step::Send(column.to_vec()),
        Step::Send(b"\xfe\0\0\x02\0".to_vec()),
        Step::Send(b"\x02ab\xfb".to_vec()),
        Step::Send(b"\0\x01c".to_vec()),
        Step::Send(b"\x05ab".to_vec()),
        Step::Send(b"\xff\x25\x05#70100Query execution was interrupted".to_vec()),
    ]);
    let mut wire = wire.expect("a connection");
    let columns = wire.ask("select 1").expect("columns");
    assert_eq!(columns.len(), 2);
    let mut row = || -> Result<Option<Vec<Option<Vec<u8>>>>, Fault> {
        let Some(cells) = wire.next_row()? else {
            return Ok(None);
        };
        let cells = cells.map(|cell| Ok(cell?.map(<[u8]>::to_vec)));
        cells.collect::<Result<_, _>>().map(Some)
    };
    let first = row().expect("a row");
    assert_eq!(first, Some(vec![Some(b"ab".to_vec()), None]));
    let second = row().expect("a row");
    assert_eq!(second, Some(vec![Some(Vec::new()), Some(b"c".to_vec())]));
    assert!(matches!(row(), Err(Fault::Protocol("its rows"))));
    assert!(matches!(row(), Err(Fault::Said { code: 1317, .. })));
    server.join().expect("as played");
    assert!(matches!(row(), Err(Fault::Io(_))));
}
