# 评价的某个字段有什么问题。

stars-needed = 请给出 1 到 5 星。
too-many-pictures = 一条评价最多附 { $most } 张图片。
listed-twice = 同一张图片出现了两次。
picture-unknown = 请先上传这张图片，或重新上传。
cursor-of-other-order = 该游标属于另一种排序的列表。
words-needed = 请至少输入一个要搜索的词。
