//! `serve`: the HTTP server, plain or with TLS, from its first line on stdout to its graceful end.

use std::future::Future;
use std::io::Read as _;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum_server::Handle;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::api;
use crate::config::Config;
use crate::failure::Failure;
use crate::host::Host;
use crate::{output, signed};

/// Where a running centre tells the operator's commands on the same machine how to reach it.
pub(crate) const SERVE_FILE: &str = "serve.json";
/// How long requests under way may take once the end was asked for.
const GRACE: Duration = Duration::from_secs(30);
/// How long a TLS handshake may take: two round trips with retransmissions on a bad line.
const HANDSHAKE: Duration = Duration::from_secs(30);
/// How long a connection may send nothing; longer than clients keep theirs.
const IDLE: Duration = Duration::from_secs(120);

/// How often uploads that nobody went on with are dropped.
const SWEEP_EVERY: Duration = Duration::from_secs(3_600);
/// What is read ahead of a connection. hyper would take 400 KiB; a thousand uploads at a time are to fit small servers.
const READ_AHEAD: usize = 64 << 10;

/// What `serve` was asked for.
pub(crate) struct Serve {
    pub(crate) data: PathBuf,
    pub(crate) config: Config,
    pub(crate) closed: Option<String>,
    /// End when the standard input ends: a child ends with its parent, however that ends.
    pub(crate) parent_stdin: bool,
}

/// Serves until asked to end.
pub(crate) fn serve(asked: Serve) -> Result<(), Failure> {
    let tls = tls(&asked.data, &asked.config)?;
    let listener = TcpListener::bind(asked.config.listen)
        .map_err(|error| Failure::local(&format!("cannot listen on {}", asked.config.listen), &error))?;
    let address = listener.local_addr().map_err(|error| Failure::local("cannot listen", &error))?;
    let host = Arc::new(Host::open(&asked.data, asked.config, asked.closed)?);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::local("no threads", &error))?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let ready = serde_json::json!({ "listening": format!("{scheme}://{address}") });
    let told = asked.data.join(SERVE_FILE);
    std::fs::write(&told, ready.to_string()).map_err(|error| Failure::local("serve.json cannot be written", &error))?;
    let served = runtime.block_on(async {
        let handle = Handle::new();
        tokio::spawn(stop_when(handle.clone(), ended(asked.parent_stdin)));
        tokio::spawn(sweep(Arc::clone(&host)));
        tokio::spawn(remember(Arc::clone(&host)));
        output::line(&ready.to_string());
        tracing::info!(%address, tls = tls.is_some(), "the centre is listening");
        listen(listener, tls, handle, Arc::clone(&host)).await
    });
    let _ = std::fs::remove_file(&told);
    // Waits for blocking work that has begun: a bundle half way is committed to its end.
    drop(runtime);
    host.signed.write();
    tracing::info!("the centre has ended");
    served.map_err(|error| Failure::local("the server failed", &error))
}

async fn listen(
    listener: TcpListener,
    tls: Option<RustlsConfig>,
    handle: Handle<SocketAddr>,
    host: Arc<Host>,
) -> std::io::Result<()> {
    let service = api::router(host).into_make_service_with_connect_info::<SocketAddr>();
    let mut server = axum_server::from_tcp(listener)?.handle(handle).first_request_timeout(IDLE);
    server.http_builder().http1().header_read_timeout(IDLE).max_buf_size(READ_AHEAD);
    match tls {
        None => server.serve(service).await,
        Some(config) => {
            let acceptor = RustlsAcceptor::new(config).handshake_timeout(HANDSHAKE);
            server.acceptor(acceptor).serve(service).await
        }
    }
}

/// The TLS configuration, where a certificate is configured.
fn tls(data: &Path, config: &Config) -> Result<Option<RustlsConfig>, Failure> {
    let (cert, key) = match (&config.tls_cert, &config.tls_key) {
        (None, None) => return Ok(None),
        (Some(cert), Some(key)) => (data.join(cert), data.join(key)),
        _ => return Err(Failure::input("tls-cert and tls-key belong together")),
    };
    let chain = CertificateDer::pem_file_iter(&cert)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| Failure::local("the certificate cannot be read", &error))?;
    let key = PrivateKeyDer::from_pem_file(&key)
        .map_err(|error| Failure::local("the certificate's key cannot be read", &error))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut server = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Failure::local("TLS", &error))?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| Failure::local("certificate and key do not fit", &error))?;
    server.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Some(RustlsConfig::from_config(Arc::new(server))))
}

/// Drops uploads that nobody went on with, now and from time to time.
async fn sweep(host: Arc<Host>) {
    loop {
        let swept = tokio::task::spawn_blocking({
            let host = Arc::clone(&host);
            move || host.uploads.files.sweep(std::time::SystemTime::now())
        });
        match swept.await {
            Ok(Ok(0)) => {}
            Ok(Ok(uploads)) => tracing::info!(uploads, "unfinished uploads were dropped"),
            Ok(Err(error)) => tracing::warn!(%error, "unfinished uploads could not be dropped"),
            Err(_) => tracing::error!("dropping unfinished uploads failed"),
        }
        tokio::time::sleep(SWEEP_EVERY).await;
    }
}

/// Remembers from time to time what was signed.
async fn remember(host: Arc<Host>) {
    loop {
        tokio::time::sleep(signed::EVERY).await;
        let host = Arc::clone(&host);
        let _ = tokio::task::spawn_blocking(move || host.signed.write()).await;
    }
}

async fn stop_when(handle: Handle<SocketAddr>, ended: impl Future<Output = ()>) {
    ended.await;
    tracing::info!("the centre was asked to end");
    handle.graceful_shutdown(Some(GRACE));
}

/// Ends when the system asks for it, or with the standard input.
async fn ended(parent_stdin: bool) {
    let (stdin_ended, stdin) = tokio::sync::oneshot::channel();
    // Kept where no thread has it, so that the channel does not look ended.
    let _kept = if parent_stdin {
        // A thread of its own: tokio's standard input would keep the runtime from ending.
        std::thread::spawn(move || {
            let mut sink = [0; 256];
            while std::io::stdin().read(&mut sink).is_ok_and(|read| read > 0) {}
            let _ = stdin_ended.send(());
        });
        None
    } else {
        Some(stdin_ended)
    };
    tokio::select! {
        () = terminated() => {}
        _ = tokio::signal::ctrl_c() => {}
        _ = stdin => {}
    }
}

#[cfg(unix)]
async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            terminate.recv().await;
        }
        Err(_) => std::future::pending().await,
    }
}

#[cfg(not(unix))]
async fn terminated() {
    std::future::pending().await
}
