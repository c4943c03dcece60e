# What is wrong with a field of a request.

method-unknown = This way to pay is not offered here.
currency-unpayable = This way to pay is not offered in the currency of the order.
amount-not-positive = Give an amount above zero.
refund-of-nothing = Name the order, or a payment of it.
