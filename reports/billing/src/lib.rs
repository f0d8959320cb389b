//! Usage to money: price books, tiers, exact integers.
