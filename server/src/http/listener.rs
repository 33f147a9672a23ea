//! Listening, and stopping without cutting anybody off.

use axum::{Router, serve::ListenerExt};
use std::{io, net::SocketAddr, time::Duration};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Serves until `stop`; then takes no new connection and gives those open `drain` to finish.
///
/// # Errors
/// When the listener breaks off.
pub async fn serve(listener: TcpListener, router: Router, stop: CancellationToken, drain: Duration) -> io::Result<()> {
    // Without it a streamed page waits 40 ms for the peer's delayed acknowledgement.
    let listener = listener.tap_io(|tcp| {
        let _ = tcp.set_nodelay(true);
    });
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(listener, service).with_graceful_shutdown(stop.clone().cancelled_owned());
    tokio::select! {
        result = std::future::IntoFuture::into_future(server) => result,
        () = async { stop.cancelled().await; tokio::time::sleep(drain).await } => {
            tracing::warn!("requests still open after the drain time were cut off");
            Ok(())
        }
    }
}
