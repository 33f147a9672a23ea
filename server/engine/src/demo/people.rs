//! The shop's customers: invented people, put together from common given and family names.

use super::chance::Chance;
use chrono::{Days, NaiveDate};
use uuid::Uuid;

pub const CUSTOMERS: usize = 1_000;
/// The first customers order and visit through the last 30 days.
pub const REGULARS: usize = 10;

const GIVEN: [&str; 56] = [
    "Aarav",
    "Aditi",
    "Akash",
    "Amrita",
    "Anand",
    "Ananya",
    "Anil",
    "Anjali",
    "Arjun",
    "Asha",
    "Bhavna",
    "Chetan",
    "Deepa",
    "Devika",
    "Dinesh",
    "Farah",
    "Gauri",
    "Girish",
    "Harini",
    "Harsh",
    "Imran",
    "Isha",
    "Jaya",
    "Kabir",
    "Kavya",
    "Kiran",
    "Lakshmi",
    "Leela",
    "Madhav",
    "Manoj",
    "Meera",
    "Mohan",
    "Nandini",
    "Naveen",
    "Neha",
    "Nikhil",
    "Nisha",
    "Omkar",
    "Pallavi",
    "Parth",
    "Pooja",
    "Pranav",
    "Radha",
    "Rahul",
    "Rekha",
    "Rohan",
    "Sameer",
    "Sanjana",
    "Shreya",
    "Siddharth",
    "Sunita",
    "Tara",
    "Uma",
    "Varun",
    "Vidya",
    "Yash",
];
const FAMILY: [&str; 48] = [
    "Agarwal",
    "Apte",
    "Bajpai",
    "Banerjee",
    "Bhatt",
    "Bora",
    "Chandran",
    "Chatterjee",
    "Dalvi",
    "Das",
    "Deshmukh",
    "Dutta",
    "Fernandes",
    "Ganguly",
    "Ghosh",
    "Gokhale",
    "Gowda",
    "Gupta",
    "Hegde",
    "Iyer",
    "Jadhav",
    "Joshi",
    "Kale",
    "Kamath",
    "Kaur",
    "Kelkar",
    "Kulkarni",
    "Kumar",
    "Malhotra",
    "Menon",
    "Mishra",
    "Nair",
    "Naidu",
    "Pai",
    "Pandey",
    "Patil",
    "Pillai",
    "Rao",
    "Reddy",
    "Saxena",
    "Sengupta",
    "Shah",
    "Sharma",
    "Shetty",
    "Singh",
    "Thomas",
    "Trivedi",
    "Varma",
];

/// A customer. `reference` is the id that the sales file uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    pub id: Uuid,
    pub reference: String,
    pub email: String,
    pub first_name: &'static str,
    pub last_name: &'static str,
    pub country: &'static str,
    /// Before the first sale of the demo world.
    pub registered: NaiveDate,
}

/// `first_sale` is the first day of the sales file.
pub fn customers(chance: &mut Chance, first_sale: NaiveDate) -> Vec<Customer> {
    (1..=CUSTOMERS)
        .map(|number| {
            let first_name = GIVEN[chance.index(GIVEN.len())];
            let last_name = FAMILY[chance.index(FAMILY.len())];
            let registered = first_sale - Days::new(1 + chance.below(900));
            Customer {
                id: chance.id(registered.and_time(chrono::NaiveTime::MIN).and_utc()),
                reference: format!("D{:05}", 10_000 + number),
                // example.com belongs to nobody (RFC 2606), so no mail can ever reach a stranger.
                email: format!("{}.{}.{number}@example.com", first_name.to_lowercase(), last_name.to_lowercase()),
                first_name,
                last_name,
                country: "India",
                registered,
            }
        })
        .collect()
}
