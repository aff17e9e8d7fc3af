//! A TCP proxy whose network can be cut, stalled and slowed.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

const CHUNK_BYTES: usize = 16 * 1024;

/// Forwards a port to another one until told otherwise; stops when dropped.
#[derive(Debug)]
pub struct FaultProxy {
    port: u16,
    network: watch::Sender<Network>,
    _accepting: AbortOnDropHandle<()>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Network {
    Up,
    /// Connections are closed, new ones refused.
    Cut,
    /// Connections stay open and nothing comes through.
    Stalled,
    /// Every 16 KiB takes this long.
    Slow(Duration),
}

impl FaultProxy {
    pub async fn to(port: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a free port");
        let own = listener
            .local_addr()
            .expect("the address just bound")
            .port();
        let (network, state) = watch::channel(Network::Up);
        let accepting = tokio::spawn(accept(listener, port, state));
        Self {
            port: own,
            network,
            _accepting: AbortOnDropHandle::new(accepting),
        }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Closes every connection and refuses new ones.
    pub fn cut(&self) {
        self.network.send_replace(Network::Cut);
    }

    /// Lets nothing through, without anybody being told.
    pub fn stall(&self) {
        self.network.send_replace(Network::Stalled);
    }

    /// Takes `delay` for every 16 KiB in each direction.
    pub fn slow(&self, delay: Duration) {
        self.network.send_replace(Network::Slow(delay));
    }

    pub fn resume(&self) {
        self.network.send_replace(Network::Up);
    }
}

async fn accept(listener: TcpListener, to: u16, network: watch::Receiver<Network>) {
    loop {
        let Ok((client, _)) = listener.accept().await else {
            return;
        };
        if *network.borrow() == Network::Cut {
            continue;
        }
        let network = network.clone();
        tokio::spawn(async move {
            let server = SocketAddr::from((Ipv4Addr::LOCALHOST, to));
            if let Ok(server) = TcpStream::connect(server).await {
                forward(client, server, network).await;
            }
        });
    }
}

async fn forward(client: TcpStream, server: TcpStream, mut network: watch::Receiver<Network>) {
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let cut = network.clone();
    tokio::select! {
        _ = copy(from_client, to_server, cut.clone()) => {}
        _ = copy(from_server, to_client, cut) => {}
        _ = network.wait_for(|state| *state == Network::Cut) => {}
    }
}

async fn copy(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut network: watch::Receiver<Network>,
) -> io::Result<()> {
    let mut buffer = vec![0; CHUNK_BYTES];
    loop {
        let read = from.read(&mut buffer).await?;
        if read == 0 {
            return Ok(());
        }
        let moving = |state: &Network| *state != Network::Stalled;
        let state = *network.wait_for(moving).await.map_err(io::Error::other)?;
        if let Network::Slow(delay) = state {
            tokio::time::sleep(delay).await;
        }
        to.write_all(&buffer[..read]).await?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eventually;

    async fn echo() -> u16 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut read, mut write) = stream.split();
                    let _ = tokio::io::copy(&mut read, &mut write).await;
                });
            }
        });
        port
    }

    async fn ask(stream: &mut TcpStream) -> io::Result<u8> {
        stream.write_u8(7).await?;
        stream.read_u8().await
    }

    #[tokio::test]
    async fn a_cut_closes_connections_and_resuming_lets_new_ones_through() {
        let proxy = FaultProxy::to(echo().await).await;
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port()))
            .await
            .unwrap();
        assert_eq!(ask(&mut stream).await.unwrap(), 7);
        proxy.cut();
        assert!(stream.read_u8().await.is_err());
        proxy.resume();
        eventually("a new connection answers", || async {
            let connected = TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port())).await;
            ask(&mut connected.unwrap()).await.is_ok()
        })
        .await;
    }

    #[tokio::test]
    async fn what_was_sent_while_stalled_comes_through_afterwards() {
        let proxy = FaultProxy::to(echo().await).await;
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port()))
            .await
            .unwrap();
        proxy.stall();
        let (answered, ()) = tokio::join!(ask(&mut stream), async { proxy.resume() });
        assert_eq!(answered.unwrap(), 7);
    }
}
