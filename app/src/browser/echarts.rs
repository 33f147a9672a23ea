//! The one place that talks to ECharts: load it once, draw, follow size and theme, open what is clicked, dispose.

use crate::charts::Palette;
use charming::Chart;
use rust_decimal::prelude::ToPrimitive;
use std::{cell::RefCell, collections::HashMap};
use wasm_bindgen::{JsCast, JsValue, closure::Closure, prelude::wasm_bindgen};
use web_sys::{Element, HtmlElement, HtmlScriptElement, MutationObserver, MutationObserverInit, ResizeObserver};

const SCRIPT: &str = "/vendor/echarts/echarts.min.js";

#[wasm_bindgen]
extern "C" {
    type ECharts;

    #[wasm_bindgen(js_namespace = echarts, js_name = init, catch)]
    fn init(node: &Element) -> Result<ECharts, JsValue>;

    #[wasm_bindgen(method, js_name = setOption, catch)]
    fn set_option(this: &ECharts, option: &JsValue, not_merge: bool) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch)]
    fn resize(this: &ECharts) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch)]
    fn dispose(this: &ECharts) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch, js_name = containPixel)]
    fn contain_pixel(this: &ECharts, finder: &JsValue, point: &js_sys::Array) -> Result<bool, JsValue>;

    #[wasm_bindgen(method, catch, js_name = convertFromPixel)]
    fn convert_from_pixel(this: &ECharts, finder: &JsValue, point: &js_sys::Array) -> Result<JsValue, JsValue>;

    /// What it draws on; hears clicks beside bars and on gaps too.
    type Surface;

    #[wasm_bindgen(method, catch, js_name = getZr)]
    fn surface(this: &ECharts) -> Result<Surface, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn on(this: &Surface, event: &str, handler: &JsValue) -> Result<(), JsValue>;

    type Pointer;

    #[wasm_bindgen(method, getter, js_name = offsetX)]
    fn offset_x(this: &Pointer) -> f64;

    #[wasm_bindgen(method, getter, js_name = offsetY)]
    fn offset_y(this: &Pointer) -> f64;
}

/// Builds the options of a chart in the colours of the theme.
type MakeChart = Box<dyn Fn(&Palette) -> Option<Chart>>;

/// A chart on the page with everything that keeps it right.
struct Drawn {
    chart: ECharts,
    make: MakeChart,
    size: Option<(ResizeObserver, Closure<dyn FnMut()>)>,
    /// Called by the chart for as long as it is drawn.
    _click: Closure<dyn FnMut(Pointer)>,
}

type Waiting = (u32, Element, MakeChart);

#[derive(Default)]
struct Board {
    last: u32,
    drawn: HashMap<u32, Drawn>,
    /// Asked for before the script was there.
    waiting: Vec<Waiting>,
    script_asked: bool,
    theme: Option<(MutationObserver, Closure<dyn FnMut()>)>,
}

thread_local! {
    static BOARD: RefCell<Board> = RefCell::default();
}

/// Draws into `node` what `make` returns; answers the handle to dispose it with.
pub fn draw_chart(node: &Element, make: impl Fn(&Palette) -> Option<Chart> + 'static) -> u32 {
    let (id, ask) = BOARD.with_borrow_mut(|board| {
        board.last += 1;
        board.waiting.push((board.last, node.clone(), Box::new(make)));
        (board.last, !std::mem::replace(&mut board.script_asked, true))
    });
    if is_loaded() {
        draw_waiting();
    } else if ask {
        load();
    }
    id
}

/// Takes the chart off the page and lets go of its observers.
pub fn dispose_chart(id: u32) {
    let drawn = BOARD.with_borrow_mut(|board| {
        board.waiting.retain(|(waiting, ..)| *waiting != id);
        board.drawn.remove(&id)
    });
    if let Some(drawn) = drawn {
        if let Some((observer, _)) = &drawn.size {
            observer.disconnect();
        }
        let _ = drawn.chart.dispose();
    }
}

fn is_loaded() -> bool {
    js_sys::Reflect::has(&js_sys::global(), &"echarts".into()).unwrap_or(false)
}

fn load() {
    let Some(document) = web_sys::window().and_then(|w| w.document()) else { return };
    let script = document.create_element("script").ok().and_then(|e| e.dyn_into::<HtmlScriptElement>().ok());
    let (Some(script), Some(head)) = (script, document.head()) else { return };
    script.set_src(SCRIPT);
    let loaded = Closure::once_into_js(draw_waiting);
    let _ = script.add_event_listener_with_callback("load", loaded.unchecked_ref());
    let _ = head.append_child(&script);
}

fn draw_waiting() {
    for (id, node, make) in BOARD.with_borrow_mut(|board| std::mem::take(&mut board.waiting)) {
        let Ok(chart) = init(&node) else { continue };
        let redraw = Closure::<dyn FnMut()>::new(move || {
            BOARD.with_borrow(|board| board.drawn.get(&id).map(|d| d.chart.resize()));
        });
        let size = ResizeObserver::new(redraw.as_ref().unchecked_ref()).ok().map(|observer| {
            observer.observe(&node);
            (observer, redraw)
        });
        let click = Closure::<dyn FnMut(Pointer)>::new(move |at: Pointer| {
            let place = BOARD.with_borrow(|board| board.drawn.get(&id).and_then(|d| place_at(&d.chart, &at)));
            if let Some(place) = place {
                open_row(&node, place);
            }
        });
        if let Ok(surface) = chart.surface() {
            let _ = surface.on("click", click.as_ref());
        }
        let drawn = Drawn { chart, make, size, _click: click };
        paint(&drawn, &palette());
        BOARD.with_borrow_mut(|board| board.drawn.insert(id, drawn));
    }
    follow_theme();
}

/// Which of the chart's categories stands at a point of it, from 0.
fn place_at(chart: &ECharts, at: &Pointer) -> Option<u32> {
    let point = js_sys::Array::of2(&at.offset_x().into(), &at.offset_y().into());
    let grid = js_sys::Object::new();
    js_sys::Reflect::set(&grid, &"gridIndex".into(), &0.into()).ok()?;
    chart.contain_pixel(&grid, &point).ok().filter(|inside| *inside)?;
    let found = chart.convert_from_pixel(&grid, &point).ok()?;
    js_sys::Array::from(&found).get(0).as_f64()?.round().to_u32()
}

/// Follows the link that the table twin has for a place of its chart, as if it were clicked: the router hears it.
fn open_row(node: &Element, place: u32) {
    let link = node.closest("figure").ok().flatten().and_then(|figure| {
        figure.query_selector(&format!("tbody > tr:nth-child({}) [data-pick]", place + 1)).ok().flatten()
    });
    if let Some(link) = link.and_then(|link| link.dyn_into::<HtmlElement>().ok()) {
        link.click();
    }
}

fn paint(drawn: &Drawn, palette: &Palette) {
    let Some(chart) = (drawn.make)(palette) else { return };
    let option = serde_json::to_string(&chart).ok().and_then(|text| js_sys::JSON::parse(&text).ok());
    if let Some(option) = option {
        let _ = drawn.chart.set_option(&option, true);
    }
}

/// Paints again when the theme changes, by the switch or by the system.
fn follow_theme() {
    if BOARD.with_borrow(|board| board.theme.is_some()) {
        return;
    }
    let repaint = Closure::<dyn FnMut()>::new(|| {
        let palette = palette();
        BOARD.with_borrow(|board| board.drawn.values().for_each(|drawn| paint(drawn, &palette)));
    });
    let window = web_sys::window();
    let root = window.as_ref().and_then(|w| w.document()).and_then(|d| d.document_element());
    let (Some(window), Some(root)) = (window, root) else { return };
    if let Ok(Some(system)) = window.match_media("(prefers-color-scheme: dark)") {
        let _ = system.add_event_listener_with_callback("change", repaint.as_ref().unchecked_ref());
    }
    if let Ok(observer) = MutationObserver::new(repaint.as_ref().unchecked_ref()) {
        let what = MutationObserverInit::new();
        what.set_attributes(true);
        what.set_attribute_filter(&js_sys::Array::of1(&"data-theme".into()));
        let _ = observer.observe_with_options(&root, &what);
        BOARD.with_borrow_mut(|board| board.theme = Some((observer, repaint)));
    }
}

/// The theme's colours as CSS has them now.
fn palette() -> Palette {
    let style = web_sys::window().and_then(|w| {
        let root = w.document()?.document_element()?;
        w.get_computed_style(&root).ok().flatten()
    });
    let colour = |name: &str, otherwise: &str| {
        let text = style.as_ref().and_then(|s| s.get_property_value(name).ok()).unwrap_or_default();
        if text.trim().is_empty() { otherwise.to_owned() } else { text.trim().to_owned() }
    };
    Palette {
        ink: colour("--ink-3", "#666"),
        surface: colour("--surface", "#fff"),
        border: colour("--border", "#ddd"),
        first: colour("--c1", "#0b6e6e"),
        second: colour("--c2", "#d97a2b"),
        third: colour("--c3", "#3c6fd1"),
        fourth: colour("--c4", "#8a5cc2"),
    }
}
