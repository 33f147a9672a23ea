//! Text tables: unpacking, encoding, delimiter. Nothing is held whole; every pass streams.

use super::{Unreadable, bounds, unzip::check_size};
use domain::ingest::TextEncoding;
use encoding_rs::{Decoder, UTF_16BE, UTF_16LE, WINDOWS_1252};
use flate2::read::MultiGzDecoder;
use std::io::{self, Read};

const CHUNK: usize = 64 << 10;
/// What the delimiter is judged by.
const HEAD: usize = 256 << 10;

/// What one pass over the bytes found.
#[derive(Debug)]
pub struct Census {
    pub bytes: u64,
    pub encoding: TextEncoding,
    pub head: Vec<u8>,
}

/// Bytes of the text, unpacked, in whatever encoding they have.
pub fn unpacked(bytes: &[u8], gzip: bool) -> Box<dyn Read + '_> {
    if gzip { Box::new(MultiGzDecoder::new(bytes)) } else { Box::new(bytes) }
}

/// The text as UTF-8 without byte order mark.
pub fn utf8(bytes: &[u8], gzip: bool, encoding: TextEncoding) -> Box<dyn Read + '_> {
    let raw = unpacked(bytes, gzip);
    let decoder = match encoding {
        TextEncoding::Utf8 => return raw,
        TextEncoding::Utf16Le => UTF_16LE.new_decoder_with_bom_removal(),
        TextEncoding::Utf16Be => UTF_16BE.new_decoder_with_bom_removal(),
        TextEncoding::Windows1252 => WINDOWS_1252.new_decoder_without_bom_handling(),
    };
    Box::new(Decoding { raw, decoder, input: vec![0; CHUNK], held: 0, output: Vec::new(), given: 0, ended: false })
}

/// What went wrong while unpacking, in words.
pub fn explain(error: &io::Error) -> Unreadable {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => Unreadable::new(
            "truncated_gzip",
            "The gzip file is cut off: its end is missing. Upload the complete file again.",
        ),
        io::ErrorKind::FileTooLarge => Unreadable::new(
            "line_too_long",
            "A row is longer than 1 MiB. Check for a missing closing quote, and that the delimiter is right.",
        ),
        _ => Unreadable::new(
            "damaged_file",
            "The file is damaged and cannot be unpacked. Create it again and upload that.",
        ),
    }
}

/// Reads everything once: size, encoding, longest line, binary content.
///
/// # Errors
/// When the file is damaged, too large, binary, or has a line of more than 1 MiB.
pub fn census(bytes: &[u8], gzip: bool) -> Result<Census, Unreadable> {
    let mut reader = unpacked(bytes, gzip);
    let mut buffer = vec![0; CHUNK];
    let mut seen = Seen::default();
    loop {
        let read = reader.read(&mut buffer).map_err(|e| explain(&e))?;
        if read == 0 {
            break;
        }
        seen.take(&buffer[..read])?;
        if gzip {
            check_size(seen.bytes, bytes.len() as u64)?;
        }
    }
    seen.finish()
}

#[derive(Default)]
struct Seen {
    bytes: u64,
    head: Vec<u8>,
    lines: u64,
    line_bytes: u64,
    /// Start of a character cut by the chunk's end.
    cut: Vec<u8>,
    not_utf8: bool,
    not_1252: bool,
    zeros_even: u64,
    zeros_odd: u64,
    controls: u64,
}

impl Seen {
    fn take(&mut self, chunk: &[u8]) -> Result<(), Unreadable> {
        if self.head.len() < HEAD {
            self.head.extend_from_slice(&chunk[..chunk.len().min(HEAD - self.head.len())]);
        }
        let mut rest = chunk;
        while let Some(end) = rest.iter().position(|b| *b == b'\n') {
            self.line_bytes += end as u64;
            self.check_line()?;
            self.lines += 1;
            self.line_bytes = 0;
            rest = &rest[end + 1..];
        }
        self.line_bytes += rest.len() as u64;
        self.check_line()?;
        for (at, byte) in chunk.iter().enumerate() {
            match byte {
                0 if (self.bytes + at as u64).is_multiple_of(2) => self.zeros_even += 1,
                0 => self.zeros_odd += 1,
                1..=8 | 14..=31 => self.controls += 1,
                0x81 | 0x8d | 0x8f | 0x90 | 0x9d => self.not_1252 = true,
                _ => {}
            }
        }
        if !self.not_utf8 {
            self.check_utf8(chunk);
        }
        self.bytes += chunk.len() as u64;
        Ok(())
    }

    fn check_line(&self) -> Result<(), Unreadable> {
        if self.line_bytes <= bounds::LINE_BYTES {
            return Ok(());
        }
        Err(Unreadable::new(
            "line_too_long",
            format!(
                "Line {} is longer than 1 MiB. Check that the file is a table with one row a line.",
                self.lines + 1
            ),
        ))
    }

    fn check_utf8(&mut self, chunk: &[u8]) {
        let joined;
        let text = if self.cut.is_empty() {
            chunk
        } else {
            joined = [self.cut.as_slice(), chunk].concat();
            &joined
        };
        match std::str::from_utf8(text) {
            Ok(_) => self.cut = Vec::new(),
            Err(error) if error.error_len().is_none() => self.cut = text[error.valid_up_to()..].to_vec(),
            Err(_) => self.not_utf8 = true,
        }
    }

    fn finish(self) -> Result<Census, Unreadable> {
        let encoding = self.encoding()?;
        Ok(Census { bytes: self.bytes, encoding, head: self.head })
    }

    fn encoding(&self) -> Result<TextEncoding, Unreadable> {
        let binary = || {
            Unreadable::new(
                "unknown_content",
                "The file holds binary data, not text. Upload CSV, TSV, XLSX, XLS or ODS.",
            )
        };
        if self.bytes == 0 {
            return Err(Unreadable::new("empty_file", "The file is empty."));
        }
        if self.head.starts_with(&[0xff, 0xfe]) {
            return Ok(TextEncoding::Utf16Le);
        }
        if self.head.starts_with(&[0xfe, 0xff]) {
            return Ok(TextEncoding::Utf16Be);
        }
        let half = self.bytes / 2;
        if self.zeros_even + self.zeros_odd > 0 {
            // Without a mark, Western text in UTF-16 has a zero in every other byte.
            return match (self.zeros_even * 10 > half * 6, self.zeros_odd * 10 > half * 6) {
                (false, true) => Ok(TextEncoding::Utf16Le),
                (true, false) => Ok(TextEncoding::Utf16Be),
                _ => Err(binary()),
            };
        }
        if self.controls * 100 > self.bytes {
            return Err(binary());
        }
        if !self.not_utf8 && self.cut.is_empty() {
            return Ok(TextEncoding::Utf8);
        }
        if self.not_1252 {
            return Err(Unreadable::new(
                "unknown_encoding",
                "The text is neither UTF-8 nor UTF-16 nor Windows-1252. Save the file as UTF-8 and upload it again.",
            ));
        }
        Ok(TextEncoding::Windows1252)
    }
}

/// Turns another encoding into UTF-8 while reading.
struct Decoding<'a> {
    raw: Box<dyn Read + 'a>,
    decoder: Decoder,
    input: Vec<u8>,
    /// Bytes of `input` the decoder has not taken yet.
    held: usize,
    output: Vec<u8>,
    given: usize,
    ended: bool,
}

impl Read for Decoding<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.given == self.output.len() {
            if self.ended {
                return Ok(0);
            }
            let read = self.raw.read(&mut self.input[self.held..])?;
            self.ended = read == 0;
            let filled = self.held + read;
            // Three bytes of UTF-8 for each input byte are always enough.
            self.output.resize(filled * 3 + 16, 0);
            let (_, taken, written, _) =
                self.decoder.decode_to_utf8(&self.input[..filled], &mut self.output, self.ended);
            self.input.copy_within(taken..filled, 0);
            self.held = filled - taken;
            self.output.truncate(written);
            self.given = 0;
        }
        let count = out.len().min(self.output.len() - self.given);
        out[..count].copy_from_slice(&self.output[self.given..self.given + count]);
        self.given += count;
        Ok(count)
    }
}

/// The delimiter under which the first 200 lines agree best on their number of columns.
pub fn delimiter(head: &str) -> u8 {
    let judge = |mark: u8| {
        let mut reader =
            csv::ReaderBuilder::new().delimiter(mark).flexible(true).has_headers(false).from_reader(head.as_bytes());
        let widths: Vec<usize> = reader.records().take(200).map_while(Result::ok).map(|r| r.len()).collect();
        let mode = widths
            .iter()
            .copied()
            .filter(|w| *w > 1)
            .max_by_key(|w| (widths.iter().filter(|x| *x == w).count(), *w))?;
        let agreeing = widths.iter().filter(|w| **w == mode).count();
        Some((agreeing * 1000 / widths.len().max(1), mode, mark))
    };
    [b',', b';', b'\t', b'|']
        .into_iter()
        .filter_map(judge)
        .max_by_key(|(share, width, _)| (*share, *width))
        .map_or(b',', |(.., mark)| mark)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(bytes: &[u8], encoding: TextEncoding) -> String {
        let mut text = String::new();
        utf8(bytes, false, encoding).read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn encodings_are_told_apart_and_read() {
        let utf16: Vec<u8> =
            [0xff, 0xfe].into_iter().chain("a,é\n".encode_utf16().flat_map(u16::to_le_bytes)).collect();
        assert_eq!(census(&utf16, false).unwrap().encoding, TextEncoding::Utf16Le);
        assert_eq!(read_all(&utf16, TextEncoding::Utf16Le), "a,é\n");
        let bare: Vec<u8> = "name,price\n".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(census(&bare, false).unwrap().encoding, TextEncoding::Utf16Be);
        assert_eq!(census("ä,€\n".as_bytes(), false).unwrap().encoding, TextEncoding::Utf8);
        assert_eq!(census(b"caf\xe9,\x80 5\n", false).unwrap().encoding, TextEncoding::Windows1252);
        assert_eq!(read_all(b"caf\xe9,\x80 5\n", TextEncoding::Windows1252), "café,€ 5\n");
        assert!(census(b"\x81\xfe\xe9,x\n", false).unwrap_err().to_string().contains("unknown_encoding"));
        assert!(census(b"a\0b\x01\x02\x03,c\n", false).unwrap_err().to_string().contains("binary"));
    }

    #[test]
    fn a_character_cut_by_the_chunk_is_still_utf8() {
        let mut text = "x".repeat(CHUNK - 1);
        text.push_str("é\n");
        assert_eq!(census(text.as_bytes(), false).unwrap().encoding, TextEncoding::Utf8);
    }

    #[test]
    fn a_line_of_a_megabyte_is_named() {
        let mut text = b"a,b\n1,".to_vec();
        text.extend(std::iter::repeat_n(b'x', (1 << 20) + 1));
        assert!(census(&text, false).unwrap_err().to_string().starts_with("Line 2 is longer than 1 MiB"));
    }

    #[test]
    fn delimiters_are_found_by_agreement() {
        assert_eq!(delimiter("a;b;c\n1,5;2,5;3\n1;2;3\n"), b';');
        assert_eq!(delimiter("a\tb\n1,2\t3\n"), b'\t');
        assert_eq!(delimiter("a,b\n\"x;y;z\",2\n"), b',');
        assert_eq!(delimiter("single\nvalue\n"), b',');
    }
}
