//! What kind of file this is, by its first bytes; the name is never asked.

use super::{Unreadable, bounds, unzip};
use domain::ingest::Media;

/// # Errors
/// When the content is no table Millrace reads; the message says what it is instead.
pub fn sniff(bytes: &[u8]) -> Result<Media, Unreadable> {
    if bytes.is_empty() {
        return Err(Unreadable::new("empty_file", "The file is empty."));
    }
    if bytes.len() as u64 > bounds::FILE_BYTES {
        return Err(Unreadable::new(
            "file_too_large",
            "The file is larger than 64 MiB. Compress it with gzip or split it.",
        ));
    }
    if bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(Media::GzipText);
    }
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        return workbook(bytes);
    }
    if bytes.starts_with(&[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]) {
        return compound(bytes);
    }
    match stranger(bytes) {
        Some(what) => Err(Unreadable::new(
            "unknown_content",
            format!(
                "This is {what}, not a table. Upload CSV, TSV, XLSX, XLS or ODS, as it is or (CSV and TSV) gzip-compressed."
            ),
        )),
        None => Ok(Media::Text),
    }
}

fn workbook(bytes: &[u8]) -> Result<Media, Unreadable> {
    let entries = unzip::entries(bytes)?;
    if entries.iter().any(|e| e.encrypted) {
        return Err(Unreadable::new(
            "encrypted",
            "The file is protected by a password. Save it without one and upload it again.",
        ));
    }
    let has = |name: &str| entries.iter().any(|e| e.name == name);
    let media = if has("xl/workbook.xml") {
        Media::Xlsx
    } else if has("content.xml") && has("META-INF/manifest.xml") {
        Media::Ods
    } else {
        return Err(Unreadable::new(
            "unknown_content",
            "This zip file is no workbook. Unpack it and upload the table inside (XLSX and ODS are read directly).",
        ));
    };
    unzip::measure(bytes, &entries)?;
    Ok(media)
}

/// Old Office files share one container; an encrypted XLSX hides in it too.
fn compound(bytes: &[u8]) -> Result<Media, Unreadable> {
    let utf16 = |name: &str| name.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
    let holds = |name: &str| {
        let needle = utf16(name);
        bytes.windows(needle.len()).any(|w| w == needle)
    };
    if holds("EncryptedPackage") {
        return Err(Unreadable::new(
            "encrypted",
            "The file is protected by a password. Save it without one and upload it again.",
        ));
    }
    if holds("Workbook") || holds("Book") {
        return Ok(Media::Xls);
    }
    Err(Unreadable::new(
        "unknown_content",
        "This Office file holds no sheet. Save the table as XLSX or CSV and upload that.",
    ))
}

fn stranger(bytes: &[u8]) -> Option<&'static str> {
    let known: [(&[u8], &str); 14] = [
        (b"%PDF", "a PDF document"),
        (b"\x89PNG", "a PNG picture"),
        (b"\xff\xd8\xff", "a JPEG picture"),
        (b"GIF8", "a GIF picture"),
        (b"\x7fELF", "a program"),
        (b"MZ\x90", "a program"),
        (b"BZh", "a bzip2 file"),
        (b"\xfd7zXZ", "an xz file"),
        (b"7z\xbc\xaf", "a 7-Zip file"),
        (b"\x28\xb5\x2f\xfd", "a zstd file"),
        (b"Rar!", "a RAR file"),
        (b"SQLite format 3", "a SQLite database"),
        (b"PAR1", "a Parquet file"),
        (b"{\\rtf", "a text document"),
    ];
    if let Some((_, what)) = known.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return Some(what);
    }
    let head: Vec<u8> =
        bytes.iter().take(256).map(u8::to_ascii_lowercase).skip_while(u8::is_ascii_whitespace).collect();
    if head.starts_with(b"<!doctype html") || head.starts_with(b"<html") {
        return Some("a web page");
    }
    head.starts_with(b"<?xml").then_some("an XML document")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_decides_and_strangers_are_named() {
        assert_eq!(sniff(b"a,b\n1,2\n"), Ok(Media::Text));
        assert_eq!(sniff(&[0x1f, 0x8b, 8, 0]), Ok(Media::GzipText));
        for (bytes, word) in
            [(&b"%PDF-1.7"[..], "PDF"), (b"\x89PNG\r\n", "PNG"), (b"  <!DOCTYPE html><html>", "web page")]
        {
            assert!(sniff(bytes).unwrap_err().to_string().contains(word));
        }
        assert!(sniff(b"").unwrap_err().to_string().contains("empty"));
    }
}
