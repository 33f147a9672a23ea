//! The directory of a zip file, and its true unpacked size. Sizes written in the file may lie, so
//! every entry is inflated once into nothing before a workbook reader may touch it.

use super::{Unreadable, bounds};
use flate2::read::DeflateDecoder;
use std::io::Read;

#[derive(Debug)]
pub struct Entry {
    pub name: String,
    pub encrypted: bool,
    deflated: bool,
    packed: usize,
    header_at: usize,
}

fn u16_at(bytes: &[u8], at: usize) -> Option<usize> {
    Some(usize::from(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?)))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<usize> {
    usize::try_from(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?)).ok()
}

fn damaged() -> Unreadable {
    Unreadable::new(
        "damaged_file",
        "The workbook is damaged or cut off. Open it in your spreadsheet program, save it again and upload that.",
    )
}

/// # Errors
/// When there is no readable directory.
pub fn entries(bytes: &[u8]) -> Result<Vec<Entry>, Unreadable> {
    read(bytes).ok_or_else(damaged)
}

fn read(bytes: &[u8]) -> Option<Vec<Entry>> {
    // The end record stands in the last 64 KiB + 22 bytes, behind an optional comment.
    let from = bytes.len().saturating_sub(65_557);
    let end = (from..bytes.len().saturating_sub(21)).rev().find(|&i| bytes.get(i..i + 4) == Some(b"PK\x05\x06"))?;
    let count = u16_at(bytes, end + 10)?;
    let mut at = u32_at(bytes, end + 16)?;
    let mut found = Vec::new();
    for _ in 0..count {
        if bytes.get(at..at + 4)? != b"PK\x01\x02" {
            return None;
        }
        let name_length = u16_at(bytes, at + 28)?;
        found.push(Entry {
            name: String::from_utf8_lossy(bytes.get(at + 46..at + 46 + name_length)?).into_owned(),
            encrypted: u16_at(bytes, at + 8)? & 1 == 1,
            deflated: u16_at(bytes, at + 10)? != 0,
            packed: u32_at(bytes, at + 20)?,
            header_at: u32_at(bytes, at + 42)?,
        });
        at += 46 + name_length + u16_at(bytes, at + 30)? + u16_at(bytes, at + 32)?;
    }
    Some(found)
}

/// Unpacks everything into nothing and counts.
///
/// # Errors
/// When the content is damaged or grows beyond the bounds.
pub fn measure(bytes: &[u8], entries: &[Entry]) -> Result<u64, Unreadable> {
    let mut total = 0;
    let mut buffer = vec![0; 64 << 10];
    for entry in entries {
        let packed = content(bytes, entry).ok_or_else(damaged)?;
        if !entry.deflated {
            total += packed.len() as u64;
            continue;
        }
        let mut reader = DeflateDecoder::new(packed);
        loop {
            let read = reader.read(&mut buffer).map_err(|_| damaged())?;
            if read == 0 {
                break;
            }
            total += read as u64;
            check_size(total, bytes.len() as u64)?;
        }
    }
    check_size(total, bytes.len() as u64)?;
    Ok(total)
}

/// The content of an entry whose size was measured.
///
/// # Errors
/// When the content is damaged or grows beyond the bounds.
pub fn unpack(bytes: &[u8], entry: &Entry) -> Result<Vec<u8>, Unreadable> {
    let packed = content(bytes, entry).ok_or_else(damaged)?;
    if !entry.deflated {
        return Ok(packed.to_vec());
    }
    let mut out = Vec::new();
    DeflateDecoder::new(packed).take(bounds::UNPACKED_BYTES + 1).read_to_end(&mut out).map_err(|_| damaged())?;
    check_size(out.len() as u64, bytes.len() as u64)?;
    Ok(out)
}

fn content<'a>(bytes: &'a [u8], entry: &Entry) -> Option<&'a [u8]> {
    let at = entry.header_at;
    let start = at + 30 + u16_at(bytes, at + 26)? + u16_at(bytes, at + 28)?;
    bytes.get(start..start.checked_add(entry.packed)?)
}

/// # Errors
/// `file_too_large_unpacked`.
pub fn check_size(unpacked: u64, packed: u64) -> Result<(), Unreadable> {
    let ratio = unpacked > bounds::RATIO_FROM_BYTES && unpacked > packed.saturating_mul(bounds::UNPACKED_RATIO);
    if unpacked > bounds::UNPACKED_BYTES || ratio {
        return Err(Unreadable::new(
            "file_too_large_unpacked",
            "Unpacked, the file is more than 512 MiB or more than 100 times its packed size. Split it into smaller files.",
        ));
    }
    Ok(())
}
