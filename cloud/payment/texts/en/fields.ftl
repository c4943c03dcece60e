# What is wrong with a field of a request.

method-unknown = This way to pay is not offered here.
methods-full = You keep { $most } ways to pay already, which is the most. Remove one first.
currency-unpayable = This way to pay is not offered in the currency of the order.
amount-not-positive = Give an amount above zero.
refund-of-nothing = Name the order, or a payment of it.
fee-above-the-whole = A fee is at most the whole price: 10000 basis points.
