//! Pictures of APIs and applications. What comes in is decoded and drawn anew, small: pixels are kept and nothing else, no
//! metadata and nothing that hides behind them. SVG, which can carry scripts, is not taken in.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};
use octroi_domain::validate::Rule;
use octroi_store::{Document, DocumentKind, Tx};

use crate::{App, AppError};

/// The most bytes of a picture that is taken in.
pub const MAX_PICTURE_BYTES: usize = 1024 * 1024;

/// The longest side of a picture that is taken in, in pixels.
const MAX_SIDE: u32 = 4_096;

/// The most pixels of a picture that is taken in.
const MAX_PIXELS: u64 = 16_000_000;

/// What a decoder may take beside the pixels themselves: a few bytes for each.
const MAX_DECODER_BYTES: u64 = 8 * MAX_PIXELS;

/// The longest side of a picture that is kept, in pixels.
const KEPT_SIDE: u32 = 512;

/// How much of a photograph is kept, of 100.
const JPEG_QUALITY: u8 = 85;

/// More than [`MAX_SIDE`] or [`MAX_PIXELS`].
const TOO_LARGE: Rule = Rule::Malformed { expected: "picture_pixels" };

/// Cut short, or not what its first bytes promise.
const DAMAGED: Rule = Rule::Malformed { expected: "picture_whole" };

/// A picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Its media type: PNG or JPEG.
    pub content_type: String,
    /// SHA-256 of its bytes, in hexadecimal: an entity tag.
    pub digest: String,
    /// Its bytes.
    pub body: Vec<u8>,
}

impl From<Document> for Picture {
    fn from(d: Document) -> Self {
        Self { content_type: d.content_type, digest: d.digest, body: d.body }
    }
}

/// What happens to the picture of something that is changed.
#[derive(Clone, Debug, Default)]
pub enum PictureChange {
    /// It stays.
    #[default]
    Keep,
    /// These bytes take its place: PNG, JPEG or WebP, at most 1 MiB.
    Put(Vec<u8>),
    /// It goes.
    Remove,
}

impl PictureChange {
    /// Draws the picture anew, before anything is written.
    pub(crate) async fn drawn(self, app: &App) -> Result<DrawnChange, AppError> {
        Ok(match self {
            Self::Keep => DrawnChange::Keep,
            Self::Put(bytes) => DrawnChange::Put(app.redraw_picture(bytes).await?),
            Self::Remove => DrawnChange::Remove,
        })
    }
}

/// A [`PictureChange`] whose picture is one.
pub(crate) enum DrawnChange {
    Keep,
    Put(Document),
    Remove,
}

impl DrawnChange {
    /// Writes it for `object`; gives whether there is a picture now, where that changed.
    pub(crate) async fn write(self, tx: &mut Tx, object: &str) -> Result<Option<bool>, AppError> {
        match self {
            Self::Keep => Ok(None),
            Self::Put(document) => {
                tx.put_document(object, DocumentKind::Picture, document).await?;
                Ok(Some(true))
            }
            Self::Remove => {
                tx.delete_document(object, DocumentKind::Picture).await?;
                Ok(Some(false))
            }
        }
    }
}

impl App {
    /// A picture as it is kept, drawn away from the threads that serve.
    pub(crate) async fn redraw_picture(&self, bytes: Vec<u8>) -> Result<Document, AppError> {
        let drawn = self.shared.drawing.run(move || redraw(&bytes)).await?;
        drawn.map_err(|rule| AppError::invalid("picture", rule))
    }
}

/// A picture as it is kept, or why it is not taken in.
pub(crate) fn redraw(bytes: &[u8]) -> Result<Document, Rule> {
    let format = format(bytes)?;
    let picture = shrunk(decode(bytes, format)?);
    let mut body = Vec::new();
    // A photograph stays one; what has sharp edges or transparent parts loses nothing.
    let written = if format == ImageFormat::Png || picture.color().has_alpha() {
        let encoder = PngEncoder::new_with_quality(&mut body, CompressionType::Best, FilterType::Adaptive);
        picture.write_with_encoder(encoder).map(|()| "image/png")
    } else {
        let encoder = JpegEncoder::new_with_quality(&mut body, JPEG_QUALITY);
        picture.write_with_encoder(encoder).map(|()| "image/jpeg")
    };
    let content_type = written.map_err(|_| DAMAGED)?;
    Ok(Document::new(content_type, body))
}

/// The format of a picture, told from its first bytes, whatever its name says.
fn format(bytes: &[u8]) -> Result<ImageFormat, Rule> {
    if bytes.is_empty() {
        return Err(Rule::Required);
    }
    if bytes.len() > MAX_PICTURE_BYTES {
        return Err(Rule::Malformed { expected: "picture_size" });
    }
    match bytes {
        [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => Ok(ImageFormat::Png),
        [0xff, 0xd8, 0xff, ..] => Ok(ImageFormat::Jpeg),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Ok(ImageFormat::WebP),
        _ => Err(Rule::Malformed { expected: "picture" }),
    }
}

/// The pixels, the right way up. How many there are is looked at before room is made for them.
fn decode(bytes: &[u8], format: ImageFormat) -> Result<DynamicImage, Rule> {
    if format == ImageFormat::WebP {
        check_lossy_frames(&bytes[12..])?;
    }
    let mut limits = Limits::no_limits();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_DECODER_BYTES);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(refused)?;
    let (width, height) = decoder.dimensions();
    check_size(width, height)?;
    // Kept in the metadata, which goes.
    let orientation = decoder.orientation().map_err(refused)?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(refused)?;
    picture.apply_orientation(orientation);
    Ok(picture)
}

fn refused(error: ImageError) -> Rule {
    match error {
        ImageError::Limits(_) => TOO_LARGE,
        _ => DAMAGED,
    }
}

fn check_size(width: u32, height: u32) -> Result<(), Rule> {
    let fits = width <= MAX_SIDE && height <= MAX_SIDE && u64::from(width) * u64::from(height) <= MAX_PIXELS;
    if fits { Ok(()) } else { Err(TOO_LARGE) }
}

/// Checks what the lossy frames of a WebP file say of their own size: the decoder makes room for it before it compares it
/// with what the file says (RFC 9649, 2.5 and 2.7).
fn check_lossy_frames(mut chunks: &[u8]) -> Result<(), Rule> {
    while let Some((head, rest)) = chunks.split_first_chunk::<8>() {
        let (name, size) = head.split_at(4);
        let size = size.iter().rev().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
        let body = &rest[..size.min(rest.len())];
        match (name, body) {
            (b"VP8 ", [_, _, _, 0x9d, 0x01, 0x2a, w0, w1, h0, h1, ..]) => {
                let side = |low: &u8, high: &u8| u32::from(u16::from_le_bytes([*low, *high]) & 0x3fff);
                check_size(side(w0, w1), side(h0, h1))?;
            }
            (b"ANMF", [_, ..]) => check_lossy_frames(body.get(16..).unwrap_or_default())?,
            _ => {}
        }
        chunks = rest.get(size.saturating_add(size % 2)..).unwrap_or_default();
    }
    Ok(())
}

/// The picture with no side longer than is kept, in 8 bits a channel.
fn shrunk(picture: DynamicImage) -> DynamicImage {
    let small = if picture.width().max(picture.height()) > KEPT_SIDE {
        picture.thumbnail(KEPT_SIDE, KEPT_SIDE)
    } else {
        picture
    };
    if small.color().has_alpha() { small.into_rgba8().into() } else { small.into_rgb8().into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{Rgb, RgbImage, RgbaImage};

    fn encoded(picture: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        picture.into().write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    fn refusal(bytes: &[u8]) -> Rule {
        redraw(bytes).unwrap_err()
    }

    /// A file of WebP with this chunk in it.
    fn riff(chunk: &[u8]) -> Vec<u8> {
        let size = (chunk.len() as u32 + 4).to_le_bytes();
        [b"RIFF", &size[..], b"WEBP", chunk].concat()
    }

    /// A chunk with its name and size before it.
    fn chunk(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
        [&name[..], &(body.len() as u32).to_le_bytes(), body].concat()
    }

    /// A PNG whose head claims another size than its pixels have, its checksum right.
    fn claiming(width: u32, height: u32) -> Vec<u8> {
        let mut png = encoded(RgbImage::new(3, 2), ImageFormat::Png);
        png[16..20].copy_from_slice(&width.to_be_bytes());
        png[20..24].copy_from_slice(&height.to_be_bytes());
        let sum = png[12..29].iter().fold(!0u32, |crc, byte| {
            (0..8)
                .fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
        });
        png[29..33].copy_from_slice(&(!sum).to_be_bytes());
        png
    }

    #[test]
    fn each_format_is_drawn_anew_and_shrunk() {
        for (format, content_type) in [
            (ImageFormat::Png, "image/png"),
            (ImageFormat::Jpeg, "image/jpeg"),
            (ImageFormat::WebP, "image/jpeg"),
        ] {
            let kept =
                redraw(&encoded(RgbImage::from_pixel(1_024, 300, Rgb([200, 30, 40])), format)).unwrap();
            assert_eq!(kept.content_type, content_type, "{format:?}");
            let again = image::load_from_memory(&kept.body).unwrap().into_rgb8();
            assert_eq!(again.dimensions(), (512, 150), "{format:?}");
            let [red, green, blue] = again.get_pixel(100, 100).0;
            assert!(red.abs_diff(200) < 8 && green.abs_diff(30) < 8 && blue.abs_diff(40) < 8, "{format:?}");
        }
        let see_through = encoded(RgbaImage::new(4, 4), ImageFormat::WebP);
        let kept = redraw(&see_through).unwrap();
        assert_eq!(kept.content_type, "image/png");
        assert_eq!(image::load_from_memory(&kept.body).unwrap().into_rgba8().get_pixel(1, 1).0[3], 0);
        // Whoever writes the same file again changes nothing.
        assert_eq!(redraw(&see_through).unwrap(), kept);
    }

    #[test]
    fn nothing_but_pixels_is_kept() {
        let mut png = encoded(RgbImage::new(3, 2), ImageFormat::Png);
        png.extend_from_slice(b"<script>alert(1)</script>");
        let kept = redraw(&png).unwrap().body;
        assert!(!kept.windows(7).any(|part| part == b"<script"));

        // EXIF that says "turn by 90 degrees": turned, then forgotten.
        let jpeg = encoded(RgbImage::new(30, 20), ImageFormat::Jpeg);
        let exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0secret place";
        let length = (exif.len() as u16 + 2).to_be_bytes();
        let turned = [&jpeg[..2], &[0xff, 0xe1], &length, exif, &jpeg[2..]].concat();
        let kept = redraw(&turned).unwrap().body;
        let drawn = image::load_from_memory(&kept).unwrap();
        assert_eq!((drawn.width(), drawn.height()), (20, 30));
        assert!(!kept.windows(6).any(|part| part == b"secret"));
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        assert_eq!(refusal(b"").code(), "required");
        let large = refusal(&vec![0xff; MAX_PICTURE_BYTES + 1]);
        assert_eq!(large, Rule::Malformed { expected: "picture_size" });
        for other in
            [&b"<svg xmlns='http://www.w3.org/2000/svg' onload='x()'/>"[..], b"GIF89a\x01\0\x01\0", b"BM"]
        {
            assert_eq!(refusal(other), Rule::Malformed { expected: "picture" });
        }
        for format in [ImageFormat::Png, ImageFormat::WebP] {
            let whole = encoded(RgbImage::from_fn(60, 60, |x, y| Rgb([x as u8, y as u8, 7])), format);
            for length in [13, 40, whole.len() / 2] {
                assert_eq!(refusal(&whole[..length]), DAMAGED, "{format:?} {length}");
            }
        }
        assert_eq!(refusal(b"\xff\xd8\xff\xe0"), DAMAGED);
    }

    #[test]
    fn no_damage_makes_it_panic() {
        let picture = RgbaImage::from_fn(7, 5, |x, y| image::Rgba([x as u8 * 30, y as u8 * 40, 7, 200]));
        let opaque = DynamicImage::from(picture.clone()).into_rgb8();
        let whole = [
            encoded(picture.clone(), ImageFormat::Png),
            encoded(picture, ImageFormat::WebP),
            encoded(opaque, ImageFormat::Jpeg),
        ];
        for bytes in whole {
            for place in 0..bytes.len() {
                for flip in [0x01, 0x80, 0xff] {
                    let mut damaged = bytes.clone();
                    damaged[place] ^= flip;
                    if let Ok(kept) = redraw(&damaged) {
                        assert!(kept.content_type.starts_with("image/"));
                    }
                }
            }
        }
    }

    #[test]
    fn a_bomb_is_refused_before_room_is_made_for_it() {
        assert_eq!(refusal(&claiming(60_000, 60_000)), TOO_LARGE);
        assert_eq!(refusal(&claiming(u32::MAX, 1)), TOO_LARGE);
        assert_eq!(refusal(&claiming(4_096, 4_096)), TOO_LARGE, "each side fits, their product does not");
        assert_eq!(refusal(&claiming(4, 2)), DAMAGED, "more pixels claimed than there are");
        let frame = [0, 0, 0, 0x9d, 0x01, 0x2a, 0xff, 0x3f, 0xff, 0x3f, 0, 0];
        let lossy = chunk(b"VP8 ", &frame);
        let small_canvas = chunk(b"VP8X", &[0, 0, 0, 0, 9, 0, 0, 9, 0, 0]);
        let moving = chunk(b"ANMF", &[&[0; 16][..], &lossy].concat());
        for chunks in [lossy.clone(), [small_canvas.clone(), lossy].concat(), [small_canvas, moving].concat()]
        {
            assert_eq!(refusal(&riff(&chunks)), TOO_LARGE);
        }
    }
}
