# The linked-in blob (data/blob.hpp); PARTITA_BLOB is the path of its file.
    .section .blob, "a"
    .balign 64
    .globl partita_blob
partita_blob:
    .incbin PARTITA_BLOB
    .globl partita_blob_end
partita_blob_end:
    .balign 4
