# Why an edge cannot be enrolled.

public-key-no-key = 应为 32 字节的 Ed25519 公钥（base64url 编码）。
since-out-of-range = 请填写最近 35 天内的时刻。
public-key-weak = 该公钥的签名不能证明任何事：它是低阶点，或不是唯一的标准形式。
code-of-other-edge = 此登记码属于另一个节点，请检查所填的名称。
code-of-other-region = 此登记码属于另一区域的节点，请检查所填的区域。
