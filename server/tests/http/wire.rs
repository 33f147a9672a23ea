//! The way to Postgres as a network: it can be cut and mended.

use sqlx::postgres::{PgConnectOptions, PgSslMode};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream, UnixStream},
    task::{JoinHandle, JoinSet},
};

pub struct Wire {
    database: PgConnectOptions,
    port: u16,
    carrying: JoinHandle<()>,
}

impl Wire {
    pub async fn to(database: &PgConnectOptions) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        Self { database: database.clone(), port, carrying: carry(listener, database.clone()) }
    }

    /// The same database at the near end.
    pub fn options(&self) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .host("127.0.0.1")
            .port(self.port)
            .username(self.database.get_username())
            .database(self.database.get_database().unwrap())
            .ssl_mode(PgSslMode::Disable)
    }

    /// Open connections break off, new ones are refused.
    pub async fn cut(&mut self) {
        self.carrying.abort();
        let _ = (&mut self.carrying).await;
    }

    pub async fn mend(&mut self) {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await.unwrap();
        self.carrying = carry(listener, self.database.clone());
    }
}

fn carry(listener: TcpListener, database: PgConnectOptions) -> JoinHandle<()> {
    tokio::spawn(async move {
        // Dropped with this task, and the connections with it.
        let mut connections = JoinSet::new();
        while let Ok((mut near, _)) = listener.accept().await {
            let database = database.clone();
            connections.spawn(async move {
                let folder = database.get_socket().map(|path| path.to_string_lossy().into_owned());
                let host = folder.unwrap_or_else(|| database.get_host().to_owned());
                let port = database.get_port();
                if host.starts_with('/') {
                    let mut far = UnixStream::connect(format!("{host}/.s.PGSQL.{port}")).await.unwrap();
                    let _ = copy_bidirectional(&mut near, &mut far).await;
                } else {
                    let mut far = TcpStream::connect((host, port)).await.unwrap();
                    let _ = copy_bidirectional(&mut near, &mut far).await;
                }
            });
        }
    })
}
