# What an inbox line about a review says.

review-created-provider =
    .title = A new review
    .content = The customer of “{ $title }” ({ $code }) gave you { $rating ->
        [one] 1 star
       *[other] { $rating } stars
    } of 5.

review-replied-customer =
    .title = An answer to your review
    .content = The provider of “{ $title }” ({ $code }) has answered your review.

review-hidden =
    .title = A review was hidden
    .content = An administrator has hidden the review of “{ $title }” ({ $code }). It no longer counts.

review-restored =
    .title = A review is shown again
    .content = An administrator shows the review of “{ $title }” ({ $code }) again. It counts as before.

review-reported-admin =
    .title = A review was reported
    .content = The review of the order { $code } was reported. It waits for an administrator's decision.
