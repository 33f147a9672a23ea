//! On the server nothing is drawn; the table twin is there.

use crate::charts::Palette;
use charming::Chart;

pub fn draw_chart(_node: &web_sys::Element, _make: impl Fn(&Palette) -> Option<Chart> + 'static) -> u32 {
    0
}

pub fn dispose_chart(_id: u32) {}
