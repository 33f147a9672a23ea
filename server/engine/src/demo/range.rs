//! What the demo shop sells: twelve ranges, each of fourteen articles in three variants.

use chrono::Datelike;
use chrono::NaiveDate;

/// Name of a variant and its price in percent of the article's.
pub type Variant = (&'static str, u32);

/// One range of the shop.
#[derive(Debug)]
pub struct Range {
    pub name: &'static str,
    /// First part of its SKUs.
    pub code: &'static str,
    pub variants: [Variant; 3],
    /// Articles with the price of the middle variant in whole units of the currency (set for INR).
    pub articles: [(&'static str, u32); 14],
    /// First and last month of its season and the demand then, in percent of the other months.
    season: (u32, u32, u64),
}

impl Range {
    /// Demand on `day` in percent of a plain month.
    #[must_use]
    pub fn season_percent(&self, day: NaiveDate) -> u64 {
        let (first, last, percent) = self.season;
        let month = day.month();
        let inside = if first <= last { (first..=last).contains(&month) } else { month >= first || month <= last };
        if inside { percent } else { 100 }
    }
}

const SIZES: [Variant; 3] = [("Small", 78), ("Medium", 100), ("Large", 138)];
const WEIGHTS: [Variant; 3] = [("100 g", 46), ("250 g", 100), ("500 g", 184)];
const PACKS: [Variant; 3] = [("Single", 40), ("Pack of 3", 100), ("Pack of 6", 185)];

pub const RANGES: [Range; 12] = [
    Range {
        name: "Kitchen",
        code: "KIT",
        variants: SIZES,
        articles: [
            ("Steel Kadhai", 1_149),
            ("Iron Tawa", 699),
            ("Pressure Cooker", 1_899),
            ("Steel Tiffin Carrier", 849),
            ("Masala Box", 749),
            ("Idli Steamer", 1_099),
            ("Rolling Board and Pin", 429),
            ("Mortar and Pestle", 599),
            ("Chopping Board", 379),
            ("Mixing Bowl", 329),
            ("Storage Canister", 289),
            ("Copper Saucepan", 1_799),
            ("Spice Grinder", 1_349),
            ("Steel Colander", 449),
        ],
        season: (10, 11, 130),
    },
    Range {
        name: "Tableware",
        code: "TAB",
        variants: [("Ivory", 100), ("Indigo", 104), ("Terracotta", 98)],
        articles: [
            ("Dinner Plate", 349),
            ("Thali Set", 1_299),
            ("Soup Bowl", 229),
            ("Serving Platter", 699),
            ("Water Tumbler", 189),
            ("Brass Lota", 649),
            ("Chai Cup Set", 549),
            ("Dessert Spoon Set", 399),
            ("Serving Ladle", 219),
            ("Butter Dish", 459),
            ("Salt and Pepper Set", 279),
            ("Glass Pitcher", 599),
            ("Cake Stand", 899),
            ("Coaster Set", 249),
        ],
        season: (10, 12, 125),
    },
    Range {
        name: "Home Textiles",
        code: "TEX",
        variants: [("Marigold", 100), ("Peacock Blue", 100), ("Natural", 96)],
        articles: [
            ("Block Print Bedsheet", 1_499),
            ("Cushion Cover", 349),
            ("Handloom Throw", 1_249),
            ("Jute Rug", 1_699),
            ("Cotton Curtain", 899),
            ("Table Runner", 449),
            ("Napkin Set", 399),
            ("Bath Towel", 549),
            ("Hand Towel Pair", 299),
            ("Kitchen Apron", 379),
            ("Quilted Dohar", 1_899),
            ("Pillow Cover Pair", 429),
            ("Door Mat", 329),
            ("Yoga Mat Cover", 599),
        ],
        season: (12, 1, 140),
    },
    Range {
        name: "Stationery",
        code: "STA",
        variants: PACKS,
        articles: [
            ("Ruled Notebook", 249),
            ("Handmade Paper Diary", 449),
            ("Gel Pen", 120),
            ("Fountain Pen", 599),
            ("Sketch Pencil", 180),
            ("Desk Planner", 349),
            ("Sticky Note Pad", 150),
            ("Geometry Box", 229),
            ("Washi Tape", 199),
            ("Greeting Card", 179),
            ("Document Folder", 209),
            ("Watercolour Cake", 389),
            ("Bookmark", 99),
            ("Ink Bottle", 269),
        ],
        season: (5, 7, 155),
    },
    Range {
        name: "Toys and Games",
        code: "TOY",
        variants: [("Classic", 100), ("Travel", 82), ("Deluxe", 152)],
        articles: [
            ("Wooden Train", 899),
            ("Ludo Board", 399),
            ("Carrom Coins Set", 329),
            ("Chess Set", 749),
            ("Spinning Top", 149),
            ("Stacking Rings", 449),
            ("Animal Puzzle", 379),
            ("Kite Kit", 249),
            ("Marble Run", 1_199),
            ("Puppet Pair", 499),
            ("Building Blocks", 999),
            ("Memory Cards", 299),
            ("Skipping Rope", 199),
            ("Pull-along Elephant", 649),
        ],
        season: (10, 12, 135),
    },
    Range {
        name: "Lighting",
        code: "LIT",
        variants: [("Warm White", 100), ("Amber", 102), ("Daylight", 100)],
        articles: [
            ("Brass Table Lamp", 2_199),
            ("Paper Pendant Shade", 799),
            ("String Lights 10 m", 449),
            ("LED Bulb 9 W", 149),
            ("Cane Floor Lamp", 2_899),
            ("Clip-on Reading Lamp", 699),
            ("Lantern", 949),
            ("Night Light", 299),
            ("Solar Path Light", 599),
            ("Wall Sconce", 1_349),
            ("Candle Holder", 379),
            ("Tea Light Set", 199),
            ("Emergency Lamp", 849),
            ("Fairy Curtain Lights", 749),
        ],
        season: (10, 11, 185),
    },
    Range {
        name: "Garden",
        code: "GAR",
        variants: SIZES,
        articles: [
            ("Terracotta Planter", 349),
            ("Hanging Basket", 429),
            ("Watering Can", 599),
            ("Hand Trowel", 249),
            ("Pruning Shears", 449),
            ("Coir Pot", 179),
            ("Seed Tray", 219),
            ("Garden Gloves", 199),
            ("Bird Feeder", 549),
            ("Compost Bin", 1_499),
            ("Plant Stand", 899),
            ("Herb Kit", 379),
            ("Drip Hose", 749),
            ("Wind Chime", 499),
        ],
        season: (6, 9, 150),
    },
    Range {
        name: "Spices and Staples",
        code: "SPI",
        variants: WEIGHTS,
        articles: [
            ("Turmeric Powder", 119),
            ("Kashmiri Chilli", 189),
            ("Garam Masala", 209),
            ("Cumin Seed", 169),
            ("Cardamom", 649),
            ("Black Pepper", 329),
            ("Fennel Seed", 129),
            ("Basmati Rice", 99),
            ("Toor Dal", 89),
            ("Jaggery", 79),
            ("Rock Salt", 69),
            ("Cashew Nuts", 399),
            ("Almonds", 379),
            ("Raisins", 179),
        ],
        season: (10, 11, 120),
    },
    Range {
        name: "Tea and Coffee",
        code: "TEA",
        variants: WEIGHTS,
        articles: [
            ("Assam Breakfast Tea", 299),
            ("Darjeeling First Flush", 749),
            ("Masala Chai Blend", 279),
            ("Nilgiri Green Tea", 349),
            ("Kashmiri Kahwa", 429),
            ("Tulsi Ginger Infusion", 239),
            ("Lemongrass Tea", 219),
            ("Earl Grey", 369),
            ("Monsooned Malabar Beans", 499),
            ("Filter Coffee Powder", 289),
            ("Coorg Arabica Beans", 549),
            ("Cold Brew Grind", 459),
            ("Cocoa Powder", 319),
            ("White Tea", 899),
        ],
        season: (11, 2, 130),
    },
    Range {
        name: "Personal Care",
        code: "CAR",
        variants: [("Sandal", 104), ("Rose", 100), ("Neem", 94)],
        articles: [
            ("Bath Soap", 99),
            ("Body Lotion", 349),
            ("Hair Oil", 279),
            ("Shampoo Bar", 249),
            ("Face Scrub", 299),
            ("Lip Balm", 149),
            ("Hand Cream", 199),
            ("Bath Salt", 379),
            ("Beard Oil", 399),
            ("Incense Sticks", 89),
            ("Massage Oil", 449),
            ("Face Mist", 329),
            ("Ubtan Mask", 359),
            ("Travel Kit", 799),
        ],
        season: (3, 5, 115),
    },
    Range {
        name: "Bags and Travel",
        code: "BAG",
        variants: [("Olive", 100), ("Charcoal", 100), ("Mustard", 103)],
        articles: [
            ("Canvas Tote", 499),
            ("Jute Shopper", 299),
            ("Laptop Sleeve", 899),
            ("Day Backpack", 1_799),
            ("Duffel", 2_299),
            ("Toiletry Pouch", 449),
            ("Passport Cover", 349),
            ("Luggage Tag", 199),
            ("Packing Cubes", 799),
            ("Sling Bag", 1_099),
            ("Lunch Bag", 549),
            ("Coin Pouch", 179),
            ("Neck Pillow", 649),
            ("Steel Water Flask", 749),
        ],
        season: (4, 6, 135),
    },
    Range {
        name: "Festive Decor",
        code: "FES",
        variants: [("Gold", 106), ("Red", 100), ("Green", 100)],
        articles: [
            ("Clay Diya Set", 199),
            ("Door Toran", 449),
            ("Rangoli Stencil", 149),
            ("Brass Bell", 349),
            ("Paper Star Lamp", 299),
            ("Gift Hamper Box", 599),
            ("Marigold Garland", 259),
            ("Pooja Thali", 799),
            ("Floating Candle Set", 329),
            ("Ribbon Spool", 99),
            ("Wrapping Paper Roll", 129),
            ("Gift Tag Set", 89),
            ("Mirror-work Hanging", 649),
            ("Peacock Figurine", 1_149),
        ],
        season: (9, 12, 210),
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_season_may_cross_the_new_year() {
        let textiles = &RANGES[2];
        let percent = |m, d| textiles.season_percent(NaiveDate::from_ymd_opt(2026, m, d).expect("a date"));
        assert_eq!([percent(12, 1), percent(1, 31), percent(2, 1), percent(11, 30)], [140, 140, 100, 100]);
    }
}
