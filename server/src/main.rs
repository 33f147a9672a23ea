
// The type of a page is the nesting of its elements; release builds walk it to the bottom.
#![recursion_limit = "512"]
fn main(){}
