//! A bare axum server that parses JSON and sends it back: what any server of this make costs at least.
//! `benches/serve.sh` measures `churnctl serve` beside it.
//!
//! `cargo run --release --example echo_server -- 127.0.0.1:8900`

use axum::routing::post;
use axum::{Json, Router};

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1);
    let address = address.unwrap_or_else(|| "127.0.0.1:8900".to_owned());
    let echo = |Json(value): Json<serde_json::Value>| async move { Json(value) };
    let router = Router::new().route("/predict", post(echo));
    axum::serve(tokio::net::TcpListener::bind(address).await?, router).await
}
