# What is wrong with a field of a review.

stars-needed = Give 1 to 5 stars.
too-many-pictures = A review takes at most { $most } pictures.
listed-twice = A picture stands here twice.
picture-unknown = Hand in this picture first, or once more.
cursor-of-other-order = This cursor is of the list in another order.
words-needed = Give at least one word to search for.
