//! An echo server for tests of the protocol by other programs: prints its address, then answers each message with itself.
//!
//! It takes messages of up to 64 MiB, one thread to a connection, and ends with its standard input.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;

use http::request::Parts;
use push_wire_websocket::{
    Event, Handshake, HandshakeError, Opcode, ProtocolError, Reader, Role, close_payload,
    frame_header,
};

const MESSAGE_BYTES: usize = 64 * 1024 * 1024;

const READ_BYTES: usize = 64 * 1024;

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || {
                if let Err(error) = serve(&stream) {
                    eprintln!("a connection broke: {error}");
                }
            });
        }
    });
    io::copy(&mut io::stdin(), &mut io::sink())?;
    Ok(())
}

fn serve(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut input = BufReader::with_capacity(READ_BYTES, stream);
    let request = read_request(&mut input)?;
    let handshake = Handshake::read(&request, None);
    let response = handshake.map_or_else(HandshakeError::response, Handshake::response);
    write_head(stream, &response)?;
    if response.status() != 101 {
        return Ok(());
    }
    echo(&mut input, stream)?;
    // The client closes its direction too before the connection ends.
    stream.shutdown(Shutdown::Write)?;
    io::copy(&mut input, &mut io::sink())?;
    Ok(())
}

/// Answers messages until the closing handshake.
fn echo(input: &mut impl Read, mut output: impl Write) -> io::Result<()> {
    let mut reader = Reader::new(Role::Server, MESSAGE_BYTES);
    let mut buffer = vec![0; READ_BYTES];
    loop {
        let len = input.read(&mut buffer)?;
        if len == 0 {
            return Ok(());
        }
        let mut bytes = &mut buffer[..len];
        loop {
            let event = reader.next(&mut bytes);
            let Some((frame, is_last)) = answer(event) else {
                break;
            };
            output.write_all(&frame)?;
            if is_last {
                return Ok(());
            }
        }
    }
}

/// The frame that answers an event, empty if it needs none, and whether it is the last; `None` when more must be read.
fn answer(event: Result<Option<Event<'_>>, ProtocolError>) -> Option<(Vec<u8>, bool)> {
    let answer = match event {
        Ok(None) => return None,
        Ok(Some(Event::Text(text))) => (frame(Opcode::Text, text.as_bytes()), false),
        Ok(Some(Event::Binary(bytes))) => (frame(Opcode::Binary, &bytes), false),
        Ok(Some(Event::Ping(payload))) => (frame(Opcode::Pong, &payload), false),
        Ok(Some(Event::Pong)) => (Vec::new(), false),
        Ok(Some(Event::Close(code))) => {
            let payload = code.map(|code| close_payload(code, ""));
            (frame(Opcode::Close, &payload.unwrap_or_default()), true)
        }
        Err(error) => {
            let payload = close_payload(error.close_code(), &error.to_string());
            (frame(Opcode::Close, &payload), true)
        }
    };
    Some(answer)
}

fn frame(opcode: Opcode, payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::new();
    frame_header(opcode, payload.len(), &mut frame);
    frame.extend_from_slice(payload);
    frame
}

/// Reads the head of a request, whatever method and address it names.
fn read_request(input: &mut impl BufRead) -> io::Result<Parts> {
    let mut request = http::Request::builder();
    let mut lines = input.lines();
    lines.next().transpose()?;
    for line in lines {
        let line = line?;
        let Some((name, value)) = line.split_once(':') else {
            break;
        };
        request = request.header(name, value.trim());
    }
    let request = request.body(()).map_err(io::Error::other)?;
    Ok(request.into_parts().0)
}

fn write_head(mut output: impl Write, response: &http::Response<()>) -> io::Result<()> {
    let mut head = format!("HTTP/1.1 {}\r\n", response.status()).into_bytes();
    for (name, value) in response.headers() {
        head.extend_from_slice(name.as_str().as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
    output.write_all(&head)
}
