# What is wrong with a field of a profile.

phone-needs = Give a telephone number of 5 to 15 digits, such as +86 138 0013 8000.
url-needs = Give an address that begins with https://, of at most 500 characters.
too-many = This takes at most { $most } entries.
listed-twice = An entry stands here twice.
hours-overlap = Give at most { $most } times a day that do not overlap.
born-out-of-range = Give a day from 1900 until today.
rate-too-low = The rate must be above zero.
too-many-years = Give at most { $most } years.
field-of-customers = Only customers have this.
field-of-providers = Only providers have this.
needed-to-verify = This is needed before you can be verified.
document-unknown = Hand in this document first, or once more.
no-longer-valid = This certificate is no longer valid.
name-of-staff = This name could be taken for the platform's own staff. Give the name that people call you by.
