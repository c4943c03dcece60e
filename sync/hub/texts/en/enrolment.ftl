# Why an edge cannot be enrolled.

public-key-no-key = Send the 32 bytes of an Ed25519 key, as base64url.
since-out-of-range = Name a moment of the last 35 days.
public-key-weak = A signature by this key proves nothing: the key is of low order, or not in canonical form.
code-of-other-edge = This code is for another node. Check the name that you typed.
code-of-other-region = This code is for a node of another region. Check the region that you typed.
