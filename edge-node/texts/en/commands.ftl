# What a regional node answers to a command.

region-not-this-one = This node publishes orders of its own region only.
start-code-not-here = An order made at a regional node has no start code.
no-stars = Give one to five stars.

## A command that was stored here

taken-firm = It is yours: stored here for good.
taken-by-twin = Stored on a copy of the regional node, from which the cloud takes nothing. Do not start, and tell an operator.
taken-provisional = Stored at the regional node; waiting for the cloud to confirm.

## One that the cloud has decided

outcome-applied = Confirmed.
outcome-duplicate = Already confirmed.
outcome-rejected = Not possible.
