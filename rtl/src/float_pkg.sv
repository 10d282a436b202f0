// Numbers taken apart. Formats are given by EXP, the bits of the exponent, and SIG, the bits of the significand with its
// hidden one: BF16 is 8 and 8, FP32 is 8 and 24.

package float_pkg;

  // What a number taken apart is (float_decode.sv). The upper bit alone says that significand and exponent do not matter.
  localparam logic [1:0] FINITE = 2'd0;
  localparam logic [1:0] ZERO = 2'd1;
  localparam logic [1:0] INFINITE = 2'd2;
  localparam logic [1:0] NAN = 2'd3;

  // The exponent of a product's sum is counted from a bit that lies above the product, so that the addend
  // has room there (fma_sum.sv), and from the least exponent, 1. Adding this to the biased exponents of two factors gives
  // it; one of them with it still fits EXP + 1 bits, signed.
  function automatic int product_offset(input int exponent_bits, input int significand_bits);
    product_offset = significand_bits + 2 - ((1 << (exponent_bits - 1)) - 1);
  endfunction

endpackage
