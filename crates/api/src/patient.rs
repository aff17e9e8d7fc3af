//! A connection that ends when its peer does not take what it asked for.

use crate::limits::{TAKE_WAIT_MAX, TAKEN_BYTES_MIN};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// Waits for its peer to take what is written, but not for ever.
pub(crate) struct Patient<S> {
    stream: S,
    /// Runs while something waits to be taken.
    patience: Option<Pin<Box<Sleep>>>,
    /// What was taken since it runs.
    taken_bytes: usize,
}

impl<S> Patient<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self {
            stream,
            patience: None,
            taken_bytes: 0,
        }
    }

    fn is_satisfied(&mut self) {
        self.patience = None;
        self.taken_bytes = 0;
    }

    /// What became of a write, or the end of patience.
    fn poll_taken(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if let Poll::Ready(written) = written {
            let bytes = written?;
            self.taken_bytes += bytes;
            if self.taken_bytes >= TAKEN_BYTES_MIN {
                self.is_satisfied();
            }
            return Poll::Ready(Ok(bytes));
        }
        let begin = || Box::pin(tokio::time::sleep(TAKE_WAIT_MAX));
        if self.patience.is_none() {
            self.taken_bytes = 0;
        }
        let patience = self.patience.get_or_insert_with(begin);
        ready!(patience.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.poll_taken(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.poll_taken(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// Comes once nothing waits to be written any more.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        if flushed.is_ready() {
            self.is_satisfied();
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
    use tokio::time::{Instant, advance, interval};

    /// A connection of which nothing is taken unless the peer reads.
    fn pair() -> (Patient<DuplexStream>, DuplexStream) {
        let (near, far) = duplex(16 * 1024);
        (Patient::new(near), far)
    }

    /// Writes an answer of so many bytes; how long that took, or until it was given up.
    async fn write(mut near: Patient<DuplexStream>, bytes: usize) -> (io::Result<()>, Duration) {
        let began = Instant::now();
        let written = near.write_all(&vec![0; bytes]).await;
        (written, began.elapsed())
    }

    /// Takes so many bytes a second.
    async fn take(mut far: DuplexStream, bytes: usize) {
        let mut taken = vec![0; bytes];
        let mut turns = interval(Duration::from_secs(1));
        while far.read_exact(&mut taken).await.is_ok() {
            turns.tick().await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_takes_nothing_or_little_is_given_up() {
        let (near, _far) = pair();
        let (written, waited) = write(near, 1 << 20).await;
        assert_eq!(written.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert_eq!(waited.as_secs(), TAKE_WAIT_MAX.as_secs());

        let (near, far) = pair();
        let dripping = tokio::spawn(take(far, 1));
        let (written, waited) = write(near, 1 << 20).await;
        assert_eq!(written.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert_eq!(waited.as_secs(), TAKE_WAIT_MAX.as_secs());
        dripping.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_peer_is_waited_for_as_long_as_it_takes() {
        let (near, far) = pair();
        tokio::spawn(take(far, 4_096));
        let (written, waited) = write(near, 1 << 20).await;
        written.unwrap();
        assert!(waited > TAKE_WAIT_MAX * 5, "{waited:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_connection_is_left_alone() {
        let (mut near, mut far) = pair();
        let mut text = [0; 4];
        for _ in 0..3 {
            near.write_all(b"tick").await.unwrap();
            near.flush().await.unwrap();
            advance(TAKE_WAIT_MAX * 2).await;
            far.read_exact(&mut text).await.unwrap();
        }
    }
}
