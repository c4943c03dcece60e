# Why a payment cannot begin now.

payment-closing = An earlier payment of this order is being closed, so that you are not charged twice. Try again in { $seconds } seconds.
